/* A small synchronous client of the API. */
#include <ctype.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/common/common.h"
#include "solver/conf/config.h"
#include "solver/daemon/schema.h"

#define REPLY_MAX (64 * 1024 * 1024)
#define TOKEN_FILE_MAX 512
#define SENTENCE_MAX 65536
#define PLAIN_MAX 201 /* with the end */
#define CALL_TIMEOUT_S 660L /* over the longest wait */

volatile int cli_interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	cli_interrupted = 1;
}

void cli_watch_interrupt(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

char *url_escape(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-";
	struct buf b = BUF_INIT(65536);

	for (; *text; text++)
		if (strchr(plain, *text))
			buf_add_char(&b, *text);
		else
			buf_printf(&b, "%%%02X", (unsigned char)*text);
	return buf_take(&b);
}

/* ---- where, and as whom ---- */

static struct config *read_config(const struct cli_service *s)
{
	struct config *config = NULL;
	struct err err;

	if (config_read(s->config, NULL, schema_provider_table, &config, &err) < 0)
		fprintf(stderr, "dcvd: %s\n", err.text);
	return config;
}

/* A command that only needs the folder must not need the secrets of the service. */
char *service_state(const struct cli_service *s)
{
	char *state = NULL;
	struct err err;

	if (s->state)
		return mem_dup(s->state);
	if (config_read_state_dir(s->config, &state, &err) < 0)
		fprintf(stderr, "dcvd: %s\n", err.text);
	return state;
}

/* "8053", "0.0.0.0:8053" and "[::]:8053" are asked at the loopback. */
static char *url_of_listen(const char *scheme, const char *listen)
{
	const char *colon = strrchr(listen, ':');

	if (!colon)
		return mem_printf("%s://127.0.0.1:%s", scheme, listen);
	if (strncmp(listen, "0.0.0.0:", 8) == 0)
		return mem_printf("%s://127.0.0.1%s", scheme, colon);
	if (strncmp(listen, "[::]:", 5) == 0)
		return mem_printf("%s://[::1]%s", scheme, colon);
	return mem_printf("%s://%s", scheme, listen);
}

static char *server_url(const struct cli_service *s)
{
	struct config *config;
	char *url = NULL;

	if (s->server || getenv("DCVD_SERVER"))
		return mem_dup(s->server ? s->server : getenv("DCVD_SERVER"));
	if (!s->config)
		return mem_dup("http://127.0.0.1:8053");
	config = read_config(s);
	if (config && config->api.tls_listen && config->api.tls_listen[0] && !(config->api.listen && config->api.listen[0]))
		url = url_of_listen("https", config->api.tls_listen[0]);
	else if (config)
		url = url_of_listen("http", config->api.listen && config->api.listen[0] ? config->api.listen[0] : "127.0.0.1:8053");
	config_free(config);
	return url;
}

static bool url_is_loopback(const char *url)
{
	static const char *const starts[] = { "http://127.", "http://localhost", "http://[::1]", "https://127.", "https://localhost", "https://[::1]" };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		const char *rest = url + strlen(starts[i]);

		if (strncasecmp(url, starts[i], strlen(starts[i])) != 0)
			continue;
		if (strchr(starts[i], '7'))
			rest += strspn(rest, "0123456789.");
		return !*rest || *rest == ':' || *rest == '/';
	}
	return false;
}

/* A missing file is an error only when it is required; a file without a token always is. Gives *ret. */
static int read_token_file(const char *path, bool must, char **ret)
{
	char line[TOKEN_FILE_MAX] = "";
	FILE *f = fopen(path, "re");

	if (!f) {
		if (must)
			perror(path);
		return must ? EXIT_USAGE : EXIT_DONE;
	}
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, " \t\r\n")] = '\0';
	if (!*line) {
		fprintf(stderr, "dcvd: there is no token on the first line of %s\n", path);
		return EXIT_USAGE;
	}
	*ret = mem_dup(line);
	explicit_bzero(line, sizeof(line));
	return EXIT_DONE;
}

/* The operator's token is sent to another host only when the user names it. */
static int find_token(const struct cli_service *s, const char *url, char **ret)
{
	CLEANUP(mem_freep) char *state = NULL;
	CLEANUP(mem_freep) char *path = NULL;
	const char *file = s->token_file;

	*ret = NULL;
	if (!file && !getenv("DCVD_TOKEN") && getenv("DCVD_TOKEN_FILE") && *getenv("DCVD_TOKEN_FILE"))
		file = getenv("DCVD_TOKEN_FILE");
	if (file)
		return read_token_file(file, true, ret);
	if (getenv("DCVD_TOKEN") && !*getenv("DCVD_TOKEN")) {
		fputs("dcvd: $DCVD_TOKEN is empty; unset it, or put a token there\n", stderr);
		return EXIT_USAGE;
	}
	if (getenv("DCVD_TOKEN")) {
		*ret = mem_dup(getenv("DCVD_TOKEN"));
		return EXIT_DONE;
	}
	if (!url_is_loopback(url))
		return EXIT_DONE;
	state = service_state(s);
	if (!state)
		return EXIT_USAGE;
	path = mem_printf("%s/operator.token", state);
	return read_token_file(path, false, ret);
}

/* ---- the call ---- */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	buf_add(arg, bytes, size * count);
	return ((struct buf *)arg)->overflow ? 0 : size * count;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)arg, (void)a, (void)b, (void)c, (void)d;
	return cli_interrupted;
}

static struct curl_slist *header_lines(const char *token)
{
	struct curl_slist *lines = curl_slist_append(NULL, "Content-Type: application/json");

	if (token) {
		char *line = mem_printf("Authorization: Bearer %s", token);

		lines = curl_slist_append(lines, line);
		explicit_bzero(line, strlen(line));
		free(line);
	}
	return lines;
}

static int perform(const char *url, const char *ca_file, const char *method, const char *token, const char *body, struct buf *reply, long *status)
{
	struct curl_slist *lines = header_lines(token);
	CURL *curl = curl_easy_init();
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or newer */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, CALL_TIMEOUT_S);
	if (ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	if (url_is_loopback(url))
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(lines);
	if (code != CURLE_OK && !cli_interrupted)
		fprintf(stderr, "dcvd: the service at %s cannot be reached: %s; start it with \"dcvd serve\" or name it with --server\n", url,
		        curl_easy_strerror(code));
	return code == CURLE_OK ? EXIT_DONE : EXIT_REACH;
}

/* ---- what a refusal says ---- */

/* The length of the name of a field at `p` that is an option here ("key_authorization": --key-authorization), or 0. */
static size_t option_at(const char *p)
{
	static const char *const fields[] = { "key_authorization", "account_uri", "account_thumbprint", "record_name", "keep_for" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t length = strlen(fields[i]);

		if (strncmp(p, fields[i], length) == 0 && !isalnum((unsigned char)p[length]) && p[length] != '_')
			return length;
	}
	return 0;
}

/* The sentence of the service, with options where it names fields. Gives. */
static char *as_options(const char *sentence)
{
	struct buf out = BUF_INIT(SENTENCE_MAX);
	bool in_word = false;
	size_t length;

	buf_add_text(&out, "");
	for (const char *p = sentence; *p; p += length) {
		length = in_word ? 0 : option_at(p);
		in_word = !length && (isalnum((unsigned char)*p) || strchr("_-/.", *p));
		if (length)
			buf_add_text(&out, "--");
		for (size_t i = 0; i < (length ? length : 1); i++)
			buf_add_char(&out, length && p[i] == '_' ? '-' : p[i]);
		length += !length;
	}
	return buf_take(&out);
}

/* The first line of an answer that is plain text, as that of a port that is not the API's; "" when there is none. Only what is
 * printable: it may come from anybody. */
static void plain_line(const char *body, char ret_text[PLAIN_MAX])
{
	size_t length = 0;

	for (; *body != '<' && length < PLAIN_MAX - 1 && body[length] >= ' ' && body[length] <= '~'; length++)
		ret_text[length] = body[length];
	ret_text[length] = '\0';
}

/* The place of the error in the request. It helps only for enrollments, which people write as files; other requests are made from options. */
static const char *place_of(const char *url, const json_t *reply)
{
	return strstr(url, "/v1/cps/") ? json_text(reply, "pointer") : "";
}

static int refused(const char *url, long status, const json_t *reply, const char *body, bool had_token)
{
	const char *pointer = place_of(url, reply);
	CLEANUP(mem_freep) char *detail = as_options(json_text(reply, "detail"));
	char plain[PLAIN_MAX] = "";

	if (!reply)
		plain_line(body, plain);
	if (*detail)
		fprintf(stderr, "dcvd: %s%s%s%s\n", detail, *pointer ? " (" : "", pointer, *pointer ? ")" : "");
	else
		fprintf(stderr, "dcvd: %s answered %ld%s%s: that is not how the API of dcvd answers; check --server and $DCVD_SERVER\n", url, status,
		        *plain ? ", " : "", plain);
	if (status == 401 && !had_token)
		fputs("dcvd: no token was found: use --token-file, $DCVD_TOKEN, or run as the user that can read the state folder\n", stderr);
	return status == 502 || status == 504 ? EXIT_REACH : EXIT_REFUSED;
}

int service_call(const struct cli_service *s, const char *method, const char *path, json_t *body, int *ret_status, json_t **ret)
{
	CLEANUP(mem_freep) char *server = server_url(s);
	CLEANUP(mem_freep) char *token = NULL;
	CLEANUP(mem_freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	CLEANUP(mem_freep) char *url = NULL;
	CLEANUP(buf_done) struct buf bytes = BUF_INIT(REPLY_MAX);
	json_t *reply;
	long status = 0;
	int code;

	json_decref(body);
	if (!server)
		return EXIT_USAGE;
	if ((code = find_token(s, server, &token)) != EXIT_DONE)
		return code;
	while (*server && server[strlen(server) - 1] == '/')
		server[strlen(server) - 1] = '\0';
	url = mem_printf("%s%s", server, path);
	if ((code = perform(url, s->ca_file ? s->ca_file : getenv("DCVD_CA_FILE"), method, token, text, &bytes, &status)) != EXIT_DONE)
		return code;
	reply = json_loadb(buf_text(&bytes), bytes.length, 0, NULL);
	code = status >= 400 || !reply ? refused(url, status, reply, buf_text(&bytes), token != NULL) : EXIT_DONE;
	if (ret_status)
		*ret_status = (int)status;
	if (ret && code == EXIT_DONE)
		*ret = json_incref(reply);
	json_decref(reply);
	return code;
}
