#include "solver/net/http_tls_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

#define LOOK_MS 1000 /* between two looks at the files */

/* Where the files of each kind begin. */
enum { CERTIFICATE, KEY, TRUST, CRL = TRUST + HTTP_TRUST_MAX, FILES = CRL + HTTP_TRUST_MAX * HTTP_CRL_MAX };

struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed; /* the second also by who gives the right to read it */
};

struct http_tls {
	struct loop *loop;
	struct timer *timer;
	const struct http_tls_names *names;
	char *files[FILES]; /* all but certificate and key may be NULL */
	bool require, modern, crl_soft;
	unsigned long readings;
	struct tls_keys *keys;
	struct stamp read[FILES], seen[FILES]; /* when they were last read, and last looked at */
};

struct tls_keys *tls_keys_now(struct http_tls *t)
{
	return t->keys;
}

static void ticket_key_wipe(struct tls_keys *k)
{
	if (!k->ticket_key.data)
		return;
	explicit_bzero(k->ticket_key.data, k->ticket_key.size);
	gnutls_free(k->ticket_key.data);
	k->ticket_key.data = NULL;
}

const gnutls_datum_t *tls_keys_ticket_key(struct tls_keys *k, int64_t now_ms)
{
	if (k->ticket_key.data && now_ms - k->ticket_key_made_ms < TLS_TICKET_KEY_MS)
		return &k->ticket_key;
	ticket_key_wipe(k);
	gnutls_session_ticket_key_generate(&k->ticket_key);
	k->ticket_key_made_ms = now_ms;
	return &k->ticket_key;
}

void tls_keys_release(struct tls_keys *k)
{
	if (!k || --k->holders)
		return;
	if (k->credentials)
		gnutls_certificate_free_credentials(k->credentials);
	gnutls_priority_deinit(k->priority);
	ticket_key_wipe(k);
	for (size_t i = 0; i < HTTP_TRUST_MAX; i++) {
		if (k->trust[i])
			gnutls_x509_trust_list_deinit(k->trust[i], 1);
		revocation_free(k->revocation[i]);
	}
	free(k);
}

/* ---- reading ---- */

/* For verification by ourselves, and as the names that the server tells its clients. */
static int read_trust(struct tls_keys *k, size_t index, const struct http_tls *t, struct err *err)
{
	const char *file = t->files[TRUST + index];
	int count;

	if (access(file, R_OK) < 0)
		return err_errno(err, "%s: %s", t->names->trust[index], file);
	gnutls_x509_trust_list_init(&k->trust[index], 0);
	count = gnutls_x509_trust_list_add_trust_file(k->trust[index], file, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (count > 0)
		count = gnutls_certificate_set_x509_trust_file(k->credentials, file, GNUTLS_X509_FMT_PEM);
	if (count <= 0)
		return err_set(err, ERR_INVALID, "%s: %s: no CA certificate can be read: %s", t->names->trust[index], file,
		               count ? gnutls_strerror(count) : "there is none in it");
	return 0;
}

static int parse_certificate(const gnutls_datum_t *text)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;
	int code = gnutls_x509_crt_list_import2(&list, &count, text, GNUTLS_X509_FMT_PEM, 0);

	for (unsigned i = 0; code >= 0 && i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return code;
}

static int parse_key(const gnutls_datum_t *text)
{
	gnutls_privkey_t key;
	int code;

	gnutls_privkey_init(&key);
	code = gnutls_privkey_import_x509_raw(key, text, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_privkey_deinit(key);
	return code;
}

/* One file of the pair alone, so that an error names it. */
static int read_one(const char *name, const char *file, const char *what, int (*parse)(const gnutls_datum_t *text), struct err *err)
{
	gnutls_datum_t text = { 0 };
	int code;

	if (access(file, R_OK) < 0)
		return err_errno(err, "%s: %s", name, file);
	code = gnutls_load_file(file, &text);
	if (code == 0)
		code = parse(&text);
	if (text.data)
		explicit_bzero(text.data, text.size);
	gnutls_free(text.data);
	return code < 0 ? err_set(err, ERR_INVALID, "%s: %s: no %s (PEM) can be read: %s", name, file, what, gnutls_strerror(code)) : 0;
}

static int read_certificate(const struct http_tls *t, struct err *err)
{
	return read_one(t->names->certificate, t->files[CERTIFICATE], "certificate", parse_certificate, err);
}

static int read_key(const struct http_tls *t, struct err *err)
{
	return read_one(t->names->key, t->files[KEY], "private key", parse_key, err);
}

/* Each can be read. */
static int read_pair(struct tls_keys *k, const struct http_tls *t, struct err *err)
{
	const char *certificate = t->files[CERTIFICATE], *key = t->files[KEY];
	int code = gnutls_certificate_set_x509_key_file2(k->credentials, certificate, key, GNUTLS_X509_FMT_PEM, NULL, 0);

	if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_set(err, ERR_INVALID, "%s: %s is not the key of %s", t->names->key, key, certificate);
	if (code < 0)
		return err_set(err, ERR_INVALID, "%s: %s and %s: %s", t->names->certificate, certificate, key, gnutls_strerror(code));
	return 0;
}

static int read_lists(struct tls_keys *k, size_t index, const struct http_tls *t, struct err *err)
{
	char *const *files = t->files + CRL + index * HTTP_CRL_MAX;
	size_t count = 0;

	while (count < HTTP_CRL_MAX && files[count])
		count++;
	if (count && revocation_open(t->files[TRUST + index], files, count, t->crl_soft, &k->revocation[index], err) < 0)
		return err_in(err, "%s", t->names->crl[index]);
	return 0;
}

/* The text is ours: only a GnuTLS, or a policy of the system, that does not know a word of it can refuse it. */
static int read_profile(struct tls_keys *k, bool modern, struct err *err)
{
	int code = gnutls_priority_init(&k->priority, modern ? TLS_MODERN : TLS_INTERMEDIATE, NULL);

	return code < 0 ? err_set(err, ERR_UNSUPPORTED, "this GnuTLS cannot offer the profile %s: %s", modern ? "modern" : "intermediate", gnutls_strerror(code)) : 0;
}

static struct tls_keys *keys_new(const struct http_tls *t)
{
	struct tls_keys *k = mem_new(1, sizeof(*k));

	k->holders = 1;
	k->require = t->require;
	gnutls_certificate_allocate_credentials(&k->credentials);
	return k;
}

/* A CA file and the lists that go with it. */
static int read_authority(struct tls_keys *k, size_t index, const struct http_tls *t, struct err *err)
{
	if (!t->files[TRUST + index])
		return 0;
	return read_trust(k, index, t, err) < 0 ? err->code : read_lists(k, index, t, err);
}

static int keys_read(const struct http_tls *t, struct tls_keys **ret, struct err *err)
{
	struct tls_keys *k = keys_new(t);
	int code = read_profile(k, t->modern, err);

	if (code == 0 && (read_certificate(t, err) < 0 || read_key(t, err) < 0 || read_pair(k, t, err) < 0))
		code = err->code;
	for (size_t i = 0; code == 0 && i < HTTP_TRUST_MAX; i++)
		code = read_authority(k, i, t, err);
	if (code < 0) {
		tls_keys_release(k);
		return code;
	}
	*ret = k;
	return 0;
}

static void log_keys(const struct tls_keys *k, const char *file)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	char until[CLOCK_TEXT_SIZE];
	int64_t until_ms;

	if (gnutls_certificate_get_crt_raw(k->credentials, 0, 0, &der) < 0 || gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0) {
		until_ms = (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000;
		log_event(until_ms < clock_wall_ms() ? LOG_WARNING : LOG_INFO, until_ms < clock_wall_ms() ? "TLS certificate in use is over" : "TLS certificate in use",
		          "file", file, "until", clock_text(until_ms, until), NULL);
	}
	gnutls_x509_crt_deinit(crt);
}

/* ---- changes ---- */

static void stamp_file(const char *file, struct stamp *ret)
{
	struct stat st;

	*ret = (struct stamp){ 0 };
	if (file && stat(file, &st) == 0)
		*ret = (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool stamps_equal(const struct stamp a[FILES], const struct stamp b[FILES])
{
	for (size_t i = 0; i < FILES; i++)
		if (a[i].device != b[i].device || a[i].inode != b[i].inode || a[i].size != b[i].size ||
		    a[i].modified.tv_sec != b[i].modified.tv_sec || a[i].modified.tv_nsec != b[i].modified.tv_nsec ||
		    a[i].changed.tv_sec != b[i].changed.tv_sec || a[i].changed.tv_nsec != b[i].changed.tv_nsec)
			return false;
	return true;
}

static void stamp_all(char *const files[FILES], struct stamp ret[FILES])
{
	for (size_t i = 0; i < FILES; i++)
		stamp_file(files[i], &ret[i]);
}

static void warn_of_lists(struct tls_keys *k)
{
	for (size_t i = 0; k && i < HTTP_TRUST_MAX; i++)
		if (k->revocation[i])
			revocation_warn(k->revocation[i], clock_wall_ms());
}

/* Takes `fresh`. */
static void keys_replace(struct http_tls *t, struct tls_keys *fresh)
{
	fresh->number = ++t->readings;
	tls_keys_release(t->keys);
	t->keys = fresh;
	log_keys(fresh, t->files[CERTIFICATE]);
	warn_of_lists(fresh);
}

/* The stamps are taken first: a file that changes while it is read is read again. */
static int tls_read(struct http_tls *t, struct err *err)
{
	struct tls_keys *fresh;

	stamp_all(t->files, t->read);
	if (keys_read(t, &fresh, err) < 0)
		return err->code;
	keys_replace(t, fresh);
	return 0;
}

/* Certificate and key are written one after the other: they are read when both have been quiet from one look to the next. */
static void on_look(void *arg)
{
	struct http_tls *t = arg;
	struct stamp now[FILES];
	struct err err;

	t->timer = timer_start(t->loop, LOOK_MS, on_look, t);
	stamp_all(t->files, now);
	if (stamps_equal(now, t->seen) && !stamps_equal(now, t->read) && tls_read(t, &err) < 0)
		log_event(t->keys ? LOG_ERROR : LOG_WARNING, t->keys ? "TLS: the changed files cannot be used; the old ones stay in force" :
		          "TLS: these files cannot be used; connections are closed until they can", "error", err.text, NULL);
	memcpy(t->seen, now, sizeof(now));
	warn_of_lists(t->keys);
}

/* ---- looking without serving ---- */

static void note(int code, const struct err *err, struct buf *mistakes)
{
	if (code < 0)
		buf_printf(mistakes, "%s\n", err->text);
}

static void check_pair(struct tls_keys *k, const struct http_tls *t, struct buf *mistakes)
{
	bool certificate = access(t->files[CERTIFICATE], F_OK) == 0, key = access(t->files[KEY], F_OK) == 0;
	struct err err;
	size_t before = mistakes->length;

	if (certificate)
		note(read_certificate(t, &err), &err, mistakes);
	if (key)
		note(read_key(t, &err), &err, mistakes);
	if (certificate && key && mistakes->length == before)
		note(read_pair(k, t, &err), &err, mistakes);
}

static void check_authority(struct tls_keys *k, size_t index, const struct http_tls *t, struct buf *mistakes, struct buf *warnings)
{
	struct err err;

	note(read_authority(k, index, t, &err), &err, mistakes);
	if (k->revocation[index])
		revocation_advise(k->revocation[index], t->names->crl[index], clock_wall_ms(), warnings);
}

static void files_free(struct http_tls *t)
{
	for (size_t i = 0; i < FILES; i++)
		free(t->files[i]);
}

/* `t` is empty. */
static void options_set(struct http_tls *t, const struct http_tls_options *o)
{
	t->names = o->names;
	t->files[CERTIFICATE] = mem_dup(o->certificate);
	t->files[KEY] = mem_dup(o->key);
	for (size_t i = 0; i < HTTP_TRUST_MAX; i++) {
		t->files[TRUST + i] = mem_dup(o->trust[i]);
		for (size_t n = 0; o->crl[i] && o->crl[i][n] && n < HTTP_CRL_MAX; n++)
			t->files[CRL + i * HTTP_CRL_MAX + n] = mem_dup(o->crl[i][n]);
	}
	t->crl_soft = o->crl_soft;
	t->require = o->require;
	t->modern = o->modern;
}

void http_tls_check(const struct http_tls_options *options, struct buf *mistakes, struct buf *warnings)
{
	struct http_tls t = { 0 };
	struct tls_keys *k;
	struct err err;

	options_set(&t, options);
	k = keys_new(&t);
	note(read_profile(k, t.modern, &err), &err, mistakes);
	check_pair(k, &t, mistakes);
	for (size_t i = 0; i < HTTP_TRUST_MAX; i++)
		check_authority(k, i, &t, mistakes, warnings);
	tls_keys_release(k);
	files_free(&t);
}

/* Everything is read before anything is replaced. */
int http_tls_reload(struct http_tls *t, const struct http_tls_options *options, struct err *err)
{
	struct http_tls fresh = { .loop = t->loop, .timer = t->timer, .readings = t->readings };

	options_set(&fresh, options);
	memcpy(fresh.seen, t->seen, sizeof(t->seen));
	if (tls_read(&fresh, err) < 0) {
		files_free(&fresh);
		return err->code;
	}
	tls_keys_release(t->keys);
	files_free(t);
	*t = fresh;
	return 0;
}

int http_tls_open(struct loop *l, const struct http_tls_options *options, struct http_tls **ret, struct err *err)
{
	struct http_tls *t;
	int code;

	if (!options->certificate || !options->key)
		return err_set(err, ERR_INVALID, "TLS needs a certificate and a key");
	t = mem_new(1, sizeof(*t));
	t->loop = l;
	options_set(t, options);
	code = tls_read(t, err);
	if (code == ERR_UNSUPPORTED) {
		http_tls_close(t);
		return code;
	}
	if (code < 0 && (access(options->certificate, F_OK) < 0 || access(options->key, F_OK) < 0))
		log_event(LOG_WARNING, "TLS: there is no certificate yet; connections are closed until there is", "error", err->text, NULL);
	else if (code < 0)
		log_event(LOG_ERROR, "TLS: these files cannot be used; connections are closed until they can", "error", err->text, NULL);
	stamp_all(t->files, t->seen);
	t->timer = timer_start(l, LOOK_MS, on_look, t);
	*ret = t;
	return 0;
}

void http_tls_close(struct http_tls *t)
{
	if (!t)
		return;
	timer_stop(t->timer);
	tls_keys_release(t->keys);
	files_free(t);
	free(t);
}
