#include "solver/dns/packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/dns/message.h"

#define HEADER 12
#define POINTERS_MAX 128
#define TEXT_MAX (4 * DNS_MESSAGE_MAX + 64)

static unsigned read16(const unsigned char *b)
{
	return (unsigned)b[0] << 8 | b[1];
}

static uint32_t read32(const unsigned char *b)
{
	return (uint32_t)read16(b) << 16 | read16(b + 2);
}

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PROTOCOL, "the DNS reply is malformed: %s", what);
}

/* ---- names ---- */

static void add_byte(struct buf *out, unsigned char byte, bool in_name)
{
	if (byte == '\\' || (in_name && byte == '.'))
		buf_printf(out, "\\%c", byte);
	else if (byte < 0x20 || byte > 0x7e || (in_name && byte == ' '))
		buf_printf(out, "\\%03u", byte);
	else
		buf_add(out, &byte, 1);
}

/* The name at `at` into `ret`; the offset behind it, or a code. Compression pointers lead backwards only. */
static int read_name(const struct packet *p, size_t at, bool lower, char ret[PACKET_NAME_SIZE], struct err *err)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(PACKET_NAME_SIZE - 1);
	size_t end = 0, octets = 1;
	unsigned pointers = 0;

	for (;;) {
		unsigned length = at < p->length ? p->wire[at] : 64;

		if (length >= 0xc0) {
			if (at + 2 > p->length || ++pointers > POINTERS_MAX)
				return malformed(err, "a compressed name runs in circles or out of it");
			end = end ? end : at + 2;
			at = read16(p->wire + at) & 0x3fff;
			continue;
		}
		if (length > 63 || at + 1 + length > p->length)
			return malformed(err, "a name runs out of it");
		if (length == 0)
			break;
		octets += length + 1;
		if (octets > 255)
			return malformed(err, "a name is longer than 255 octets");
		if (out.length)
			buf_add(&out, ".", 1);
		for (size_t i = at + 1; i <= at + length; i++)
			add_byte(&out, lower ? (unsigned char)tolower(p->wire[i]) : p->wire[i], true);
		at += 1 + length;
	}
	snprintf(ret, PACKET_NAME_SIZE, "%s", buf_text(&out));
	return (int)(end ? end : at + 1);
}

/* ---- the message ---- */

static int read_question(struct packet *p, unsigned count, struct err *err)
{
	int end;

	if (count > 1)
		return malformed(err, "more than one question");
	if (!count)
		return 0;
	end = read_name(p, p->at, false, p->question, err);
	if (end < 0)
		return end;
	if ((size_t)end + 4 > p->length)
		return malformed(err, "the question runs out of it");
	p->question_type = (int)read16(p->wire + end);
	p->at = (size_t)end + 4;
	return 0;
}

int packet_open(const unsigned char *wire, size_t length, struct packet *ret, struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	if (length < HEADER || length > DNS_MESSAGE_MAX)
		return malformed(err, "it is shorter than a header");
	if (!(wire[2] & 0x80))
		return malformed(err, "it is no response");
	ret->wire = wire;
	ret->length = length;
	ret->at = HEADER;
	ret->authoritative = wire[2] & 0x04;
	ret->truncated = wire[2] & 0x02;
	ret->rcode = wire[3] & 0x0f;
	for (int i = 0; i < PACKET_END; i++)
		ret->left[i] = read16(wire + 6 + 2 * i);
	return read_question(ret, read16(wire + 4), err);
}

static enum packet_section section_of(const struct packet *p)
{
	int section = PACKET_ANSWER;

	while (section < PACKET_END && !p->left[section])
		section++;
	return (enum packet_section)section;
}

int packet_next(struct packet *p, struct packet_record *ret, struct err *err)
{
	enum packet_section section = section_of(p);
	const unsigned char *fixed;
	int end;

	if (section == PACKET_END || (p->truncated && p->at == p->length))
		return 0; /* what was cut off is not missing */
	end = read_name(p, p->at, true, ret->owner, err);
	if (end < 0)
		return end;
	if ((size_t)end + 10 > p->length)
		return malformed(err, "a record runs out of it");
	fixed = p->wire + end;
	ret->section = section;
	ret->type = (int)read16(fixed);
	ret->dns_class = (int)read16(fixed + 2);
	ret->ttl = read32(fixed + 4);
	ret->length = read16(fixed + 8);
	ret->at = (size_t)end + 10;
	if (ret->at + ret->length > p->length)
		return malformed(err, "the data of a record runs out of it");
	p->left[section]--;
	p->at = ret->at + ret->length;
	return 1;
}

/* ---- data ---- */

static int add_address(const unsigned char *data, size_t length, int family, struct buf *out, struct err *err)
{
	char text[INET6_ADDRSTRLEN];

	if (length != (family == AF_INET ? 4 : 16) || !inet_ntop(family, data, text, sizeof(text)))
		return malformed(err, "an address of the wrong length");
	buf_printf(out, "%s", text);
	return 0;
}

/* The name at `at`; the offset behind it. */
static int add_name(const struct packet *p, size_t at, struct buf *out, struct err *err)
{
	char name[PACKET_NAME_SIZE];
	int end = read_name(p, at, true, name, err);

	if (end >= 0)
		buf_printf(out, "%s", name);
	return end;
}

static int add_soa(const struct packet *p, const struct packet_record *r, struct buf *out, struct err *err)
{
	int end = add_name(p, r->at, out, err);

	if (end < 0)
		return end;
	buf_printf(out, " ");
	end = add_name(p, (size_t)end, out, err);
	if (end < 0)
		return end;
	if ((size_t)end + 20 > r->at + r->length)
		return malformed(err, "a SOA record is too short");
	for (int i = 0; i < 5; i++)
		buf_printf(out, " %u", read32(p->wire + end + 4 * i));
	return 0;
}

static int add_strings(const unsigned char *data, size_t length, struct buf *out, int64_t *ret_strings, struct err *err)
{
	for (size_t at = 0; at < length; at += 1u + data[at]) {
		if (at + 1 + data[at] > length)
			return malformed(err, "a string of a TXT record runs out of it");
		for (size_t i = at + 1; i <= at + data[at]; i++)
			add_byte(out, data[i], false);
		(*ret_strings)++;
	}
	return 0;
}

static int add_caa(const unsigned char *data, size_t length, struct buf *out, struct err *err)
{
	if (length < 2 || 2u + data[1] > length)
		return malformed(err, "a CAA record is too short");
	buf_printf(out, "%u ", data[0]);
	for (size_t i = 2; i < 2u + data[1]; i++)
		add_byte(out, data[i], true);
	buf_printf(out, " ");
	for (size_t i = 2u + data[1]; i < length; i++)
		add_byte(out, data[i], false);
	return 0;
}

static void add_time(uint32_t seconds, struct buf *out)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), " %Y%m%d%H%M%S", &tm);
	buf_printf(out, "%s", text);
}

static void add_hex(const unsigned char *data, size_t length, struct buf *out)
{
	for (size_t i = 0; i < length; i++)
		buf_printf(out, "%02x", data[i]);
}

/* The signature itself stays out: nobody reads it, and it is long. */
static int add_rrsig(const struct packet *p, const struct packet_record *r, struct buf *out, struct err *err)
{
	const unsigned char *d = p->wire + r->at;

	if (r->length < 19)
		return malformed(err, "an RRSIG record is too short");
	if (strcmp(dns_type_name((int)read16(d)), "unknown type") == 0)
		buf_printf(out, "TYPE%u", read16(d));
	else
		buf_printf(out, "%s", dns_type_name((int)read16(d)));
	buf_printf(out, " %u %u %u", d[2], d[3], read32(d + 4));
	add_time(read32(d + 8), out);
	add_time(read32(d + 12), out);
	buf_printf(out, " %u ", read16(d + 16));
	return add_name(p, r->at + 18, out, err) < 0 ? err->code : 0;
}

static int add_data(const struct packet *p, const struct packet_record *r, struct buf *out, int64_t *ret_strings, struct err *err)
{
	const unsigned char *data = p->wire + r->at;

	switch (r->type) {
	case DNS_A:
		return add_address(data, r->length, AF_INET, out, err);
	case DNS_AAAA:
		return add_address(data, r->length, AF_INET6, out, err);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_PTR:
		return add_name(p, r->at, out, err) < 0 ? err->code : 0;
	case DNS_SOA:
		return add_soa(p, r, out, err);
	case DNS_TXT:
		return add_strings(data, r->length, out, ret_strings, err);
	case DNS_CAA:
		return add_caa(data, r->length, out, err);
	case DNS_RRSIG:
		return add_rrsig(p, r, out, err);
	default:
		buf_printf(out, "\\# %zu ", r->length);
		add_hex(data, r->length, out);
		return 0;
	}
}

int packet_data(const struct packet *p, const struct packet_record *r, char **ret, int64_t *ret_strings, struct err *err)
{
	CLEANUP(buf_done) struct buf out = BUF_INIT(TEXT_MAX);

	*ret_strings = 0;
	if (add_data(p, r, &out, ret_strings, err) < 0)
		return err->code;
	*ret = mem_dup(buf_text(&out));
	return 0;
}
