/* Credentials of EdgeGrid: the .edgerc file (INI) and the environment. Errors name the file, the section,
 * the line or the key, never a value. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/crypto/edgegrid.h"

enum { KEY_HOST, KEY_CLIENT_TOKEN, KEY_CLIENT_SECRET, KEY_ACCESS_TOKEN, KEY_ACCOUNT_KEY, KEYS };

static const char *const key_names[KEYS] = {
	[KEY_HOST] = "host",
	[KEY_CLIENT_TOKEN] = "client_token",
	[KEY_CLIENT_SECRET] = "client_secret",
	[KEY_ACCESS_TOKEN] = "access_token",
	[KEY_ACCOUNT_KEY] = "account_key",
};

/* Values on their way into the credentials; wiped whatever happens. */
struct values {
	char *of[KEYS];
};

static void values_done(struct values *v)
{
	for (int i = 0; i < KEYS; i++) {
		if (v->of[i])
			explicit_bzero(v->of[i], strlen(v->of[i]));
		free(v->of[i]);
		v->of[i] = NULL;
	}
}

void edgegrid_credentials_done(struct edgegrid_credentials *c)
{
	free(c->host);
	secret_free(c->client_token);
	secret_free(c->client_secret);
	secret_free(c->access_token);
	free(c->account_key);
	*c = (struct edgegrid_credentials){ 0 };
}

/* Control characters would end up in a header line or in what is signed. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* Lower case, without "https://" in front and a slash at the end, as people paste it; another scheme or a path is refused, for it
 * would not be signed. */
static int host_tidy(char *host, const char *where, struct err *err)
{
	size_t length;

	if (strncasecmp(host, "https://", 8) == 0)
		memmove(host, host + 8, strlen(host + 8) + 1);
	length = strlen(host);
	while (length && host[length - 1] == '/')
		host[--length] = '\0';
	for (char *c = host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	if (strstr(host, "://"))
		return err_set(err, ERR_INVALID, "%s: host is written without a scheme, as akab-….luna.akamaiapis.net", where);
	if (!length || strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != length)
		return err_set(err, ERR_INVALID, "%s: host is not the name of a host", where);
	return 0;
}

/* Checks the values and turns them into credentials. */
static int values_take(struct values *v, const char *where, struct edgegrid_credentials *ret, struct err *err)
{
	for (int i = 0; i < KEYS; i++) {
		if (i != KEY_ACCOUNT_KEY && (!v->of[i] || !*v->of[i]))
			return err_set(err, ERR_INVALID, "%s: %s is missing", where, key_names[i]);
		if (v->of[i] && !is_printable(v->of[i]))
			return err_set(err, ERR_INVALID, "%s: %s has a space or another character that cannot be in it",
			               where, key_names[i]);
	}
	if (host_tidy(v->of[KEY_HOST], where, err) < 0)
		return err ? err->code : ERR_INVALID;
	*ret = (struct edgegrid_credentials){
		.host = mem_dup(v->of[KEY_HOST]),
		.client_token = secret_new(v->of[KEY_CLIENT_TOKEN]),
		.client_secret = secret_new(v->of[KEY_CLIENT_SECRET]),
		.access_token = secret_new(v->of[KEY_ACCESS_TOKEN]),
		.account_key = v->of[KEY_ACCOUNT_KEY] && *v->of[KEY_ACCOUNT_KEY] ? mem_dup(v->of[KEY_ACCOUNT_KEY]) : NULL,
	};
	return 0;
}

struct span {
	const char *text;
	size_t length;
};

static struct span span_trim(struct span s)
{
	while (s.length && strchr(" \t\r", s.text[0])) {
		s.text++;
		s.length--;
	}
	while (s.length && strchr(" \t\r", s.text[s.length - 1]))
		s.length--;
	return s;
}

static bool span_is(struct span s, const char *text)
{
	return s.length == strlen(text) && memcmp(s.text, text, s.length) == 0;
}

/* Dashes count as underscores: both are found in the wild. */
static int key_find(struct span name)
{
	for (int key = 0; key < KEYS; key++) {
		const char *known = key_names[key];
		size_t i = 0;

		while (i < name.length && known[i] && (name.text[i] == known[i] || (name.text[i] == '-' && known[i] == '_')))
			i++;
		if (i == name.length && !known[i])
			return key;
	}
	return -1;
}

/* The value behind '=': quoted, then ';' may be in it, or bare up to a ';', which starts a comment. */
static int value_read(struct span raw, struct span *ret)
{
	struct span value = span_trim(raw), rest;
	const char *end;

	if (value.length && (value.text[0] == '"' || value.text[0] == '\'')) {
		end = memchr(value.text + 1, value.text[0], value.length - 1);
		if (!end)
			return ERR_INVALID;
		rest = span_trim((struct span){ end + 1, (size_t)(value.text + value.length - end - 1) });
		if (rest.length && rest.text[0] != ';' && rest.text[0] != '#')
			return ERR_INVALID;
		*ret = (struct span){ value.text + 1, (size_t)(end - value.text - 1) };
		return 0;
	}
	end = memchr(value.text, ';', value.length);
	if (end)
		value.length = (size_t)(end - value.text);
	*ret = span_trim(value);
	return 0;
}

struct reader {
	const char *name;    /* of the file */
	const char *section; /* that is wanted */
	unsigned line;
	bool inside, found;
	struct values values;
};

static int reader_section(struct reader *r, struct span line, struct err *err)
{
	const char *end = memchr(line.text, ']', line.length);
	struct span rest;

	if (!end)
		return err_set(err, ERR_INVALID, "%s:%u: a section is written as [name]", r->name, r->line);
	rest = span_trim((struct span){ end + 1, (size_t)(line.text + line.length - end - 1) });
	if (rest.length && rest.text[0] != ';' && rest.text[0] != '#')
		return err_set(err, ERR_INVALID, "%s:%u: nothing but a comment may follow [section]", r->name, r->line);
	r->inside = span_is(span_trim((struct span){ line.text + 1, (size_t)(end - line.text - 1) }), r->section);
	r->found |= r->inside;
	return 0;
}

static int reader_value(struct reader *r, struct span line, struct err *err)
{
	const char *equals = memchr(line.text, '=', line.length);
	struct span value;
	int key;

	if (!equals)
		return err_set(err, ERR_INVALID, "%s:%u: expected [section], key = value or a comment", r->name, r->line);
	key = key_find(span_trim((struct span){ line.text, (size_t)(equals - line.text) }));
	if (!r->inside || key < 0)
		return 0;
	if (value_read((struct span){ equals + 1, (size_t)(line.text + line.length - equals - 1) }, &value) < 0)
		return err_set(err, ERR_INVALID, "%s:%u: %s: the quote does not end, or text follows it", r->name, r->line,
		               key_names[key]);
	if (memchr(value.text, '\0', value.length))
		return err_set(err, ERR_INVALID, "%s:%u: %s holds a zero byte", r->name, r->line, key_names[key]);
	if (r->values.of[key])
		return err_set(err, ERR_INVALID, "%s:%u: %s stands twice in section [%s]", r->name, r->line, key_names[key],
		               r->section);
	r->values.of[key] = mem_dup_n(value.text, value.length);
	return 0;
}

static int reader_line(struct reader *r, struct span line, struct err *err)
{
	line = span_trim(line);
	r->line++;
	if (!line.length || line.text[0] == ';' || line.text[0] == '#')
		return 0;
	return line.text[0] == '[' ? reader_section(r, line, err) : reader_value(r, line, err);
}

static int reader_run(struct reader *r, const char *text, size_t length, struct err *err)
{
	const char *end = text + length;
	int code = 0;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end && code == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		code = reader_line(r, (struct span){ text, (size_t)(stop - text) }, err);
		text = newline ? newline + 1 : end;
	}
	return code;
}

int edgegrid_credentials_parse(const char *text, size_t length, const char *name, const char *section,
                               struct edgegrid_credentials *ret, struct err *err)
{
	struct reader r = { .name = name, .section = section ? section : "default" };
	CLEANUP(mem_freep) char *where = mem_printf("%s: section [%s]", name, r.section);
	int code;

	if (length > EDGERC_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE, "%s: larger than %d bytes, so it is no .edgerc file", name, EDGERC_MAX_BYTES);
	code = reader_run(&r, text, length, err);
	if (code == 0 && !r.found)
		code = err_set(err, ERR_NOT_FOUND, "%s: there is no section [%s]", name, r.section);
	if (code == 0)
		code = values_take(&r.values, where, ret, err);
	values_done(&r.values);
	return code;
}

static char *path_expand(const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home)
		return mem_printf("%s%s", home, path + 1);
	return mem_dup(path);
}

/* At most one byte more than the maximum, so that the parser can tell. */
static int file_read(const char *path, char **ret, size_t *ret_length, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	ssize_t got = 1;
	size_t used = 0;

	if (fd < 0)
		return err_errno(err, "open %s", path);
	text = mem_new(EDGERC_MAX_BYTES + 1, 1);
	while (got > 0 && used < EDGERC_MAX_BYTES + 1) {
		got = read(fd, text + used, EDGERC_MAX_BYTES + 1 - used);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			used += (size_t)got;
	}
	if (got < 0) {
		int code = err_errno(err, "read %s", path);

		explicit_bzero(text, used);
		free(text);
		close(fd);
		return code;
	}
	close(fd);
	*ret = text;
	*ret_length = used;
	return 0;
}

int edgegrid_credentials_read(const char *path, const char *section, struct edgegrid_credentials *ret, struct err *err)
{
	CLEANUP(mem_freep) char *full = path_expand(path);
	CLEANUP(mem_freep) char *text = NULL;
	size_t length = 0;
	int code = file_read(full, &text, &length, err);

	if (code < 0)
		return code;
	code = edgegrid_credentials_parse(text, length, full, section, ret, err);
	explicit_bzero(text, length);
	return code;
}

/* "AKAMAI_" or "AKAMAI_SECTION_"; gives. */
static char *env_prefix(const char *section)
{
	char *prefix;

	if (!section || strcmp(section, "default") == 0)
		return mem_dup("AKAMAI_");
	prefix = mem_printf("AKAMAI_%s_", section);
	for (char *c = prefix; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 32);
		else if (*c == '-' || *c == '.')
			*c = '_';
	}
	return prefix;
}

static void raise_case(char *name)
{
	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 32);
}

/* NULL when it is not set, or empty. */
static char *env_value(const char *prefix, const char *key)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s%s", prefix, key);

	const char *value;

	raise_case(name);
	value = getenv(name);
	return mem_dup(value && *value ? value : NULL);
}

/* "AKAMAI_HOST, AKAMAI_CLIENT_TOKEN": names, never values. */
static void name_add(struct buf *out, const char *prefix, const char *key)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s%s", prefix, key);

	raise_case(name);
	buf_printf(out, "%s%s", out->length ? ", " : "", name);
}

int edgegrid_credentials_from_env(const char *section, struct edgegrid_credentials *ret, struct err *err)
{
	CLEANUP(mem_freep) char *prefix = env_prefix(section);
	CLEANUP(mem_freep) char *where = mem_printf("environment %s*", prefix);
	CLEANUP(buf_done) struct buf set = BUF_INIT(256), unset = BUF_INIT(256);
	struct values v = { 0 };
	int code;

	for (int i = 0; i < KEYS; i++) {
		v.of[i] = env_value(prefix, key_names[i]);
		if (i != KEY_ACCOUNT_KEY)
			name_add(v.of[i] ? &set : &unset, prefix, key_names[i]);
	}
	if (!unset.length)
		code = values_take(&v, where, ret, err);
	else if (!set.length)
		code = err_set(err, ERR_NOT_FOUND, "%sHOST and the other variables of EdgeGrid are not set", prefix);
	else
		code = err_set(err, ERR_INVALID, "environment: %s set, but not %s; all four are used, or none of them", buf_text(&set), buf_text(&unset));
	values_done(&v);
	return code;
}
