#include "solver/crypto/edgegrid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "solver/base/buf.h"
#include "solver/base/clock.h"
#include "solver/base/id.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

#define TEXT_MAX 1048576 /* of what is signed: a request target is far shorter */

const char *edgegrid_timestamp(int64_t wall_ms, char text[EDGEGRID_TIMESTAMP_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (!strftime(text, EDGEGRID_TIMESTAMP_SIZE, "%Y%m%dT%H:%M:%S+0000", &tm))
		text[0] = '\0';
	return text;
}

/* A version 4 UUID (RFC 9562), as all clients of EdgeGrid send. */
static void nonce_text(char text[37])
{
	unsigned char b[16];

	id_random(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
	         b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* The value of header `name` among "Name: value" lines, leading spaces skipped; NULL when absent. */
static const char *header_value(const char *const *headers, const char *name)
{
	size_t length = strlen(name);

	for (; headers && *headers; headers++) {
		if (strncasecmp(*headers, name, length) == 0 && (*headers)[length] == ':') {
			const char *value = *headers + length + 1;

			return value + strspn(value, " \t\r\n");
		}
	}
	return NULL;
}

/* "name:value", the name in lower case, runs of space in the value one space each, none at its ends. */
static void add_signed_header(struct buf *out, const char *name, const char *value)
{
	bool gap = false;

	for (; *name; name++)
		buf_add_char(out, *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name);
	buf_add_char(out, ':');
	for (; *value; value++) {
		if (strchr(" \t\r\n", *value)) {
			gap = true;
			continue;
		}
		if (gap)
			buf_add_char(out, ' ');
		gap = false;
		buf_add_char(out, *value);
	}
}

static void add_signed_headers(struct buf *out, const struct edgegrid_request *r)
{
	bool first = true;

	for (const char *const *name = r->headers_to_sign; name && *name; name++) {
		const char *value = header_value(r->headers, *name);

		if (!value)
			continue;
		if (!first)
			buf_add_char(out, '\t');
		first = false;
		add_signed_header(out, *name, value);
	}
}

static void add_content_hash(struct buf *out, const struct edgegrid_request *r)
{
	size_t most = r->max_body ? r->max_body : EDGEGRID_MAX_BODY;
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	if (strcmp(r->method, "POST") != 0 || !r->body_length)
		return;
	crypto_sha256(r->body, r->body_length < most ? r->body_length : most, digest);
	text = crypto_base64(digest, sizeof(digest));
	buf_add_text(out, text);
}

static void add_data_to_sign(struct buf *out, const struct edgegrid_credentials *c, const struct edgegrid_request *r,
                             const char *unsigned_header)
{
	const char *host = r->host ? r->host : c->host;
	const char *path = r->path_and_query && *r->path_and_query ? r->path_and_query : "/";

	buf_printf(out, "%s\t%s\t", r->method, r->scheme ? r->scheme : "https");
	for (; *host; host++)
		buf_add_char(out, *host >= 'A' && *host <= 'Z' ? (char)(*host + 32) : *host);
	buf_printf(out, "\t%s\t", path);
	add_signed_headers(out, r);
	buf_add_char(out, '\t');
	add_content_hash(out, r);
	buf_printf(out, "\t%s", unsigned_header);
}

/* base64(HMAC-SHA256(key, text)); gives. */
static char *mac_text(const char *key, const char *text, size_t length)
{
	unsigned char mac[SHA256_SIZE];
	char *encoded;

	crypto_hmac_sha256(key, strlen(key), text, length, mac);
	encoded = crypto_base64(mac, sizeof(mac));
	explicit_bzero(mac, sizeof(mac));
	return encoded;
}

/* The key is derived from the timestamp and used as base64 text; so is the client secret, which only
 * looks like base64. */
static char *signature_text(const struct edgegrid_credentials *c, const char *timestamp, const struct buf *data)
{
	char *key = mac_text(secret_reveal(c->client_secret), timestamp, strlen(timestamp));
	char *signature = mac_text(key, buf_text(data), data->length);

	explicit_bzero(key, strlen(key));
	free(key);
	return signature;
}

char *edgegrid_authorization(const struct edgegrid_credentials *c, const struct edgegrid_request *request)
{
	struct buf data = BUF_INIT(TEXT_MAX);
	CLEANUP(mem_freep) char *header = NULL;
	CLEANUP(mem_freep) char *signature = NULL;
	const char *timestamp = request->timestamp;
	const char *nonce = request->nonce;
	char now[EDGEGRID_TIMESTAMP_SIZE], fresh[37], *ret;

	if (!timestamp)
		timestamp = edgegrid_timestamp(clock_wall_ms(), now);
	if (!nonce) {
		nonce_text(fresh);
		nonce = fresh;
	}
	header = mem_printf("EG1-HMAC-SHA256 client_token=%s;access_token=%s;timestamp=%s;nonce=%s;",
	                    secret_reveal(c->client_token), secret_reveal(c->access_token), timestamp, nonce);
	add_data_to_sign(&data, c, request, header);
	signature = signature_text(c, timestamp, &data);
	ret = mem_printf("%ssignature=%s", header, signature);
	buf_wipe(&data);
	return ret;
}
