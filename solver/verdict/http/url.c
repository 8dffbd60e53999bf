#include "solver/verdict/http/url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"

struct slice {
	const char *at; /* NULL: the part is absent */
	size_t length;
};

/* RFC 3986 appendix B, without the regular expression. */
struct parts {
	struct slice scheme, authority, path, query, fragment;
};

static struct slice take(const char *at, size_t length)
{
	return (struct slice){ at, length };
}

static size_t scheme_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '+' || text[n] == '-' || text[n] == '.')
		n++;
	return text[n] == ':' ? n : 0;
}

/* A relative reference whose first segment has a colon is what a URL parser refuses. */
static bool colon_first(const char *text)
{
	return text[strcspn(text, ":/?#")] == ':';
}

static int split(const char *text, struct parts *ret)
{
	size_t n = scheme_length(text);

	memset(ret, 0, sizeof(*ret));
	if (n) {
		ret->scheme = take(text, n);
		text += n + 1;
	} else if (colon_first(text)) {
		return ERR_INVALID;
	}
	if (text[0] == '/' && text[1] == '/') {
		n = strcspn(text + 2, "/?#");
		ret->authority = take(text + 2, n);
		text += n + 2;
	}
	n = strcspn(text, "?#");
	ret->path = take(text, n);
	text += n;
	if (*text == '?') {
		n = strcspn(++text, "#");
		ret->query = take(text, n);
		text += n;
	}
	if (*text == '#')
		ret->fragment = take(text + 1, strlen(text + 1));
	return 0;
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

/* Characters a client may send as they are. */
static bool plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

/* A query is kept as it stands, spaces too. */
static void add_query(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.length; i++) {
		if ((unsigned char)s.at[i] < 0x7f)
			buf_add_char(b, s.at[i]);
		else
			buf_printf(b, "%%%02X", (unsigned char)s.at[i]);
	}
}

static void add_encoded(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.length; i++) {
		if (plain((unsigned char)s.at[i]))
			buf_add_char(b, s.at[i]);
		else
			buf_printf(b, "%%%02X", (unsigned char)s.at[i]);
	}
}

static void add_lower(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.length; i++)
		buf_add_char(b, (char)tolower((unsigned char)s.at[i]));
}

static bool escapes_valid(struct slice s)
{
	for (size_t i = 0; i < s.length; i++)
		if (s.at[i] == '%' && (i + 2 >= s.length || !is_hex(s.at[i + 1]) || !is_hex(s.at[i + 2])))
			return false;
	return true;
}

static size_t decoded_length(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.length; i++, n++)
		if (s.at[i] == '%')
			i += 2;
	return n;
}

/* RFC 3986 section 5.2.4: whole segments are dropped, so one pass with a stack of slashes is enough. */
static void add_without_dots(struct buf *b, struct slice path)
{
	size_t start = b->length, i = 0;
	bool open = false; /* the last segment was a dot segment: a slash ends the path */

	while (i < path.length) {
		size_t n = 0;

		i++; /* the slash */
		while (i + n < path.length && path.at[i + n] != '/')
			n++;
		open = n && n <= 2 && memcmp(path.at + i, "..", n) == 0;
		if (n == 2 && open)
			while (b->length > start && b->data[--b->length] != '/')
				;
		if (!open) {
			buf_add_char(b, '/');
			buf_add(b, path.at + i, n);
		}
		i += n;
	}
	if (open)
		buf_add_char(b, '/');
}

/* RFC 3986 section 5.2.3: a relative path stands behind the last slash of the base. */
static void add_merged(struct buf *b, const struct parts *base, const struct parts *r)
{
	struct slice path = r->path;
	size_t keep = 0;

	if (!r->scheme.at && !r->authority.at) {
		if (path.length == 0)
			path = base->path;
		else
			keep = base->path.length;
	}
	while (keep && base->path.at[keep - 1] != '/')
		keep--;
	if (path.length && path.at[0] == '/')
		keep = 0;
	else if (path.length && !(keep && base->path.at[0] == '/'))
		buf_add_char(b, '/');
	buf_add(b, base->path.at, keep);
	buf_add(b, path.at, path.length);
}

static void add_path(struct buf *b, const struct parts *base, const struct parts *r)
{
	struct buf merged = BUF_INIT(URL_SIZE);

	add_merged(&merged, base, r);
	add_without_dots(b, take(buf_text(&merged), merged.length));
	b->overflow = b->overflow || merged.overflow;
	buf_done(&merged);
}

/* "[::1]:80", "host:", "host". */
static int read_host(struct slice authority, struct url *ret)
{
	const char *host = authority.at, *end = host + authority.length, *stop;

	for (const char *p = host; p < authority.at + authority.length; p++)
		if (*p == '@')
			host = p + 1; /* the last one ends the user information */
	if (host < end && *host == '[') {
		stop = memchr(host, ']', (size_t)(end - host));
		if (!stop)
			return ERR_INVALID;
		ret->literal = true;
		host++;
	} else {
		for (stop = host; stop < end && *stop != ':'; stop++)
			if (strchr("\"<>\\^`{|}[]%", *stop))
				return ERR_INVALID;
	}
	if ((size_t)(stop - host) >= sizeof(ret->host))
		return ERR_TOO_LARGE;
	for (const char *p = host; p < stop; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f) /* U-labels too: a Location is ASCII */
			return ERR_INVALID;
	for (const char *p = host; p < stop; p++)
		ret->host[p - host] = (char)tolower((unsigned char)*p);
	ret->host[stop - host] = '\0';
	stop += ret->literal;
	if (stop == end)
		return 0;
	ret->has_port = *stop == ':';
	for (const char *p = stop + 1; p < end; p++)
		if (!isdigit((unsigned char)*p))
			return ERR_INVALID;
	if (!ret->has_port || end - stop > (ptrdiff_t)sizeof(ret->port))
		return ERR_INVALID;
	snprintf(ret->port, sizeof(ret->port), "%.*s", (int)(end - stop - 1), stop + 1);
	return 0;
}

/* "user:password@" */
static bool user_valid(struct slice user)
{
	for (size_t i = 0; i < user.length; i++)
		if (!isalnum((unsigned char)user.at[i]) && !strchr("-._:~!$&'()*+,;=%@", user.at[i]))
			return false;
	return escapes_valid(user);
}

static int write_authority(struct buf *b, struct slice authority, struct url *ret)
{
	const char *host = authority.at;
	int rc = read_host(authority, ret);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < authority.length; i++)
		if (authority.at[i] == '@')
			host = authority.at + i + 1;
	if (!user_valid(take(authority.at, (size_t)(host - authority.at))))
		return ERR_INVALID;
	buf_add_text(b, "//");
	add_encoded(b, take(authority.at, (size_t)(host - authority.at)));
	add_lower(b, take(host, authority.length - (size_t)(host - authority.at)));
	return 0;
}

static void write_rest(struct buf *b, const struct parts *base, const struct parts *r)
{
	struct slice query = r->query;

	if (!query.at && !r->scheme.at && !r->authority.at && !r->path.length)
		query = base->query;
	if (query.at) {
		buf_add_char(b, '?');
		add_query(b, query);
	}
	if (r->fragment.at) {
		buf_add_char(b, '#');
		add_encoded(b, r->fragment);
	}
}

static int write_url(struct buf *b, struct buf *path, const struct parts *base, const struct parts *r, struct url *ret)
{
	struct slice scheme = r->scheme.at ? r->scheme : base->scheme;
	struct slice authority = r->scheme.at || r->authority.at ? r->authority : base->authority;
	int rc = 0;

	if (scheme.length >= sizeof(ret->scheme))
		return ERR_INVALID;
	add_lower(b, scheme);
	memcpy(ret->scheme, buf_text(b), b->length + 1);
	buf_add_char(b, ':');
	if (authority.at)
		rc = write_authority(b, authority, ret);
	if (rc < 0)
		return rc;
	add_path(path, base, r);
	if (!authority.at && strncmp(buf_text(path), "//", 2) == 0)
		buf_add_text(b, "/."); /* else it would read as a host */
	ret->path_length = decoded_length(take(buf_text(path), path->length));
	add_encoded(b, take(buf_text(path), path->length));
	write_rest(b, base, r);
	return b->overflow || path->overflow ? ERR_TOO_LARGE : 0;
}

int url_resolve(const char *base, const char *reference, struct url *ret)
{
	struct buf text = BUF_INIT(URL_SIZE - 1), path = BUF_INIT(URL_SIZE);
	struct parts b, r;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (strlen(reference) >= URL_SIZE)
		return ERR_TOO_LARGE;
	for (const char *p = reference; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return ERR_INVALID;
	if (split(base, &b) < 0 || split(reference, &r) < 0 || !b.scheme.at || !escapes_valid(b.path) || !escapes_valid(r.path) ||
	    !escapes_valid(r.fragment))
		return ERR_INVALID;
	rc = write_url(&text, &path, &b, &r, ret);
	if (rc == 0)
		snprintf(ret->text, sizeof(ret->text), "%s", buf_text(&text));
	buf_done(&text);
	buf_done(&path);
	return rc;
}
