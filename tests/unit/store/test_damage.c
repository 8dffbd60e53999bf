/* The journal knows when it is not what was written: a bit that flipped, a log that is gone, a file that is missing. */
#include "tests/unit/store/fixture.h"

#include <sys/stat.h>

#define FLIPS 200 /* of each file; DCVD_FLIPS asks for more */

struct image {
	char *bytes;
	size_t length;
};

struct images {
	struct image db, wal, mark;
};

static char *path_of(const struct fixture *f, const char *name)
{
	return mem_printf("%s/%s", f->folder, name);
}

static struct image read_image(const struct fixture *f, const char *name)
{
	CLEANUP(mem_freep) char *path = path_of(f, name);
	struct image i = { 0 };
	FILE *file = fopen(path, "rb");
	struct stat st;

	if (!file)
		return i;
	assert_int_equal(fstat(fileno(file), &st), 0);
	i.length = (size_t)st.st_size;
	i.bytes = mem_new(1, i.length + 1);
	assert_int_equal(fread(i.bytes, 1, i.length, file), i.length);
	fclose(file);
	return i;
}

static void write_image(const struct fixture *f, const char *name, const struct image *i)
{
	CLEANUP(mem_freep) char *path = path_of(f, name);
	FILE *file;

	unlink(path);
	if (!i->length)
		return;
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(i->bytes, 1, i->length, file), i->length);
	fclose(file);
}

static struct images take_images(const struct fixture *f)
{
	return (struct images){ read_image(f, "journal.db"), read_image(f, "journal.db-wal"), read_image(f, "journal.mark") };
}

static void put_images(const struct fixture *f, const struct images *i)
{
	write_image(f, "journal.db", &i->db);
	write_image(f, "journal.db-wal", &i->wal);
	write_image(f, "journal.db-shm", &(struct image){ 0 });
	write_image(f, "journal.mark", &i->mark);
}

static void free_images(struct images *i)
{
	free(i->db.bytes);
	free(i->wal.bytes);
	free(i->mark.bytes);
}

/* ---- content ---- */

static void fill(struct fixture *f)
{
	static const struct store_account account = { (char *)"sub", (char *)"user", (char *)"hash", (char *)"[]", 1, false };
	static const struct store_client client = { .name = (char *)"alice", .token_digest = (char *)"digest", .grants = (char *)"{}", .created_ms = 5 };
	CLEANUP(mem_freep) char *verdict = mem_new(1, 3000);
	struct err err;

	memset(verdict, 'v', 2999);
	for (int i = 0; i < 24; i++) {
		struct store_txn *t = store_begin(f->store);
		struct challenge c;
		struct order o;
		char id[ID_SIZE];

		snprintf(id, sizeof(id), "or_%d", i);
		o = an_order(id);
		store_put_order(t, &o);
		snprintf(id, sizeof(id), "ch_%d", i);
		c = a_challenge(id);
		c.verdict = i % 4 ? NULL : verdict;
		store_put_challenge(t, &c);
		note(t, id, i, CHALLENGE_QUEUED, "Accepted.");
		note(t, id, i + 1, CHALLENGE_PUBLISHING, "Publishing.");
		store_set(t, id, "a value");
		assert_int_equal(commit(f, t).code, 0);
	}
	assert_int_equal(store_put_client(f->store, &client, &err), 0);
	assert_int_equal(store_put_account(f->store, &account, &err), 0);
}

static void dump_challenge(const struct challenge *c, void *arg)
{
	buf_printf(arg, "%s %s %s %s %s %d %s %s %s %lld %lld %lld %lld %lld\n", c->id, c->order_id, c->client, challenge_type_name(c->type),
	           c->identifier, c->wildcard, challenge_state_name(c->state), c->value, c->verdict ? c->verdict : "-", (long long)c->created_ms,
	           (long long)c->deadline_ms, (long long)c->expires_ms, (long long)c->updated_ms, (long long)c->within_ms);
	for (size_t i = 0; i < c->event_count; i++)
		buf_printf(arg, "  %lld %s %s\n", (long long)c->events[i].at_ms, challenge_state_name(c->events[i].state), c->events[i].text);
}

static void dump_setting(const char *key, const char *value, void *arg)
{
	buf_printf(arg, "%s=%s\n", key, value);
}

static void dump_client(const struct store_client *c, void *arg)
{
	buf_printf(arg, "%s %s %s %lld %d\n", c->name, c->token_digest, c->grants, (long long)c->created_ms, c->revoked);
}

static void dump_account(const struct store_account *a, void *arg)
{
	buf_printf(arg, "%s %s %s %s %lld %d\n", a->subdomain, a->username, a->password_hash, a->allow_from, (long long)a->created_ms, a->revoked);
}

/* All that is stored (the audit log has a chain of its own), or why not. */
static int dump(struct fixture *f, struct buf *ret, struct err *err)
{
	const struct store_visitor visitor = { print_order, dump_challenge, ret };

	if (store_load(f->store, &visitor, err) < 0 || store_each_setting(f->store, "", dump_setting, ret, err) < 0 ||
	    store_each_client(f->store, dump_client, ret, err) < 0 || store_each_account(f->store, dump_account, ret, err) < 0)
		return err->code;
	return 0;
}

static int open_and_dump(struct fixture *f, struct buf *ret, struct err *err)
{
	int rc = open_again(f, err);

	if (rc == 0) {
		rc = dump(f, ret, err);
		close_store(f);
	}
	return rc;
}

/* ---- flipped bits ---- */

static void assert_printable(const struct err *err)
{
	for (const char *c = err->text; *c; c++)
		if (*c < ' ' || *c > '~')
			fail_msg("a byte that cannot be printed in \"%s\"", err->text);
}

/* What the sentence says to do is what succeeds. */
static void assert_advice_is_true(struct fixture *f, const struct err *told)
{
	bool advised = strstr(told->text, "dcvd journal accept");
	struct err err = { 0 };
	int code = store_accept_sqlite(f->folder, &err);

	if (told->code == ERR_DAMAGED && (code == 0) != advised)
		fail_msg("accept says %d (%s) after \"%s\"", code, err.text, told->text);
	if (told->code == ERR_DAMAGED && !advised)
		assert_non_null(strstr(told->text, "begin anew"));
}

static unsigned flips(void)
{
	const char *asked = getenv("DCVD_FLIPS");

	return asked ? (unsigned)strtoul(asked, NULL, 10) : FLIPS;
}

/* One bit at a time: an error, or all that was stored reads back as it was written. */
static void flip_each(struct fixture *f, struct images *images, struct image *in)
{
	CLEANUP(buf_done) struct buf before = BUF_INIT(1 << 20);
	unsigned found = 0;
	struct err err;

	put_images(f, images);
	assert_int_equal(open_and_dump(f, &before, &err), 0);
	for (unsigned i = 0; i < flips(); i++) {
		CLEANUP(buf_done) struct buf after = BUF_INIT(1 << 20);
		size_t at = (size_t)((double)in->length * (i + (i % 7) / 7.0) / flips());

		in->bytes[at] ^= (char)(1 << i % 8);
		put_images(f, images);
		in->bytes[at] ^= (char)(1 << i % 8);
		if (open_and_dump(f, &after, &err) < 0) {
			found++;
			assert_printable(&err);
			if (i % 20 == 0)
				assert_advice_is_true(f, &err);
		} else if (strcmp(buf_text(&before), buf_text(&after)) != 0)
			fail_msg("bit %u of byte %zu of %zu was not noticed", i % 8, at, in->length);
	}
	print_message("%u of %u found, the others change nothing\n", found, flips());
	assert_true(found > flips() / 10);
}

static void every_bit_that_flips_in_the_database_is_found_or_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct images images;

	fill(f);
	close_store(f);
	images = take_images(f);
	assert_int_equal(images.wal.length, 0);
	flip_each(f, &images, &images.db);
	free_images(&images);
}

static void every_bit_that_flips_in_the_write_ahead_log_is_found_or_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct images images;

	fill(f);
	images = take_images(f);
	close_store(f);
	assert_true(images.wal.length > 0);
	flip_each(f, &images, &images.wal);
	free_images(&images);
}

static void every_bit_that_flips_in_the_mark_is_found_or_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct images images;

	fill(f);
	close_store(f);
	images = take_images(f);
	flip_each(f, &images, &images.mark);
	free_images(&images);
}

/* ---- what is missing ---- */

static void assert_damaged(struct fixture *f, const char *sentence)
{
	struct err err = { 0 };

	assert_int_equal(open_again(f, &err), ERR_DAMAGED);
	if (!strstr(err.text, sentence) || !strstr(err.text, f->folder) || !strstr(err.text, "dcvd journal accept"))
		fail_msg("expected \"%s\", the folder and what to do in \"%s\"", sentence, err.text);
}

static void assert_accepted(struct fixture *f)
{
	struct err err = { 0 };

	if (store_accept_sqlite(f->folder, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(open_again(f, &err), 0);
	assert_int_equal(store_load(f->store, &(struct store_visitor){ 0 }, &err), 0);
}

/* As after a kill: the log is there. */
static struct images killed(struct fixture *f)
{
	struct images images;

	fill(f);
	images = take_images(f);
	close_store(f);
	return images;
}

static void a_write_ahead_log_that_was_deleted_is_said_and_may_be_accepted(void **state)
{
	struct fixture *f = *state;
	struct images images = killed(f);

	images.wal.length = 0;
	put_images(f, &images);
	assert_damaged(f, "confirmed writes are lost");
	assert_damaged(f, "the last 26 of 26 confirmed writes are lost"); /* the look changed nothing */
	assert_accepted(f);
	free_images(&images);
}

static void a_write_ahead_log_that_was_cut_is_said_with_how_much_is_lost(void **state)
{
	struct fixture *f = *state;
	struct images images = killed(f);

	images.wal.length -= 100;
	put_images(f, &images);
	assert_damaged(f, "the last 1 of 26 confirmed writes are lost");
	free_images(&images);
}

static void an_old_copy_of_the_database_is_said(void **state)
{
	struct fixture *f = *state;
	struct images old, now;

	fill(f);
	close_store(f);
	old = take_images(f);
	reopen(f);
	fill(f);
	close_store(f);
	now = take_images(f);
	free(now.db.bytes);
	now.db = old.db;
	put_images(f, &now);
	assert_damaged(f, "or an old copy was put here");
	free_images(&now);
	free(old.wal.bytes);
	free(old.mark.bytes);
}

static void a_database_that_is_missing_or_empty_is_no_silent_beginning(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_freep) char *path = path_of(f, "journal.db");

	fill(f);
	close_store(f);
	assert_int_equal(truncate(path, 0), 0);
	assert_damaged(f, "it is missing or empty, and journal.mark says that it held 26 confirmed writes");
	unlink(path);
	assert_damaged(f, "it is missing or empty");
	assert_accepted(f);
	assert_holds(f, "");
}

static void a_backup_without_its_mark_opens(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	CLEANUP(mem_freep) char *path = path_of(f, "journal.mark");

	fill(f);
	close_store(f);
	unlink(path);
	assert_int_equal(open_again(f, &err), 0);
	close_store(f);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_row_that_changed_is_named_and_may_be_accepted(void **state)
{
	struct fixture *f = *state;
	struct images images;
	CLEANUP(buf_done) struct buf seen = BUF_INIT(1 << 20);
	struct err err = { 0 };
	char *at;

	fill(f);
	close_store(f);
	images = take_images(f);
	at = memmem(images.db.bytes, images.db.length, "Publishing.", 11);
	assert_non_null(at);
	*at = 'p';
	put_images(f, &images);
	assert_int_equal(open_and_dump(f, &seen, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.text, "an event of challenge ch_"));
	assert_non_null(strstr(err.text, "is not what was written"));
	assert_int_equal(store_check_sqlite(f->folder, &err), ERR_DAMAGED);
	assert_accepted(f);
	close_store(f);
	assert_int_equal(store_check_sqlite(f->folder, &err), 0);
	free_images(&images);
}

static void a_check_and_an_acceptance_make_no_journal_where_there_is_none(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_freep) char *nowhere = mem_printf("%s/nowhere", f->folder);
	struct err err = { 0 };

	assert_int_equal(store_check_sqlite(nowhere, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, nowhere));
	assert_int_equal(store_accept_sqlite(nowhere, &err), ERR_NOT_FOUND);
	assert_int_equal(access(nowhere, F_OK), -1);
	assert_int_equal(mkdir(nowhere, 0700), 0);
	assert_int_equal(store_check_sqlite(nowhere, &err), ERR_NOT_FOUND);
	assert_int_equal(store_accept_sqlite(nowhere, &err), ERR_NOT_FOUND);
	assert_int_equal(rmdir(nowhere), 0); /* it is empty */
}

static void assert_file(const struct fixture *f, const char *name, bool there)
{
	CLEANUP(mem_freep) char *path = path_of(f, name);

	if ((access(path, F_OK) == 0) != there)
		fail_msg("%s is %s there", name, there ? "not" : "still");
}

static void a_check_writes_nothing(void **state)
{
	struct fixture *f = *state;
	struct images before = killed(f), after;
	struct err err = { 0 };

	for (int log = 1; log >= 0; log--) { /* with and without one */
		put_images(f, &before);
		if (store_check_sqlite(f->folder, &err) < 0)
			fail_msg("%s", err.text);
		after = take_images(f);
		assert_int_equal(after.db.length, before.db.length);
		assert_memory_equal(after.db.bytes, before.db.bytes, before.db.length);
		assert_int_equal(after.wal.length, before.wal.length);
		assert_memory_equal(after.mark.bytes, before.mark.bytes, before.mark.length);
		assert_file(f, "journal.db-shm", false);
		assert_file(f, "journal.db-wal", log);
		free_images(&after);
		assert_int_equal(open_again(f, &err), 0);
		close_store(f);
		free_images(&before);
		before = take_images(f);
	}
	free_images(&before);
}

static void damage_that_cannot_be_accepted_says_what_can_be_done_and_what_is_lost(void **state)
{
	struct fixture *f = *state;
	struct images images;
	struct err err = { 0 };

	fill(f);
	close_store(f);
	images = take_images(f);
	images.db.length /= 2;
	put_images(f, &images);
	assert_int_equal(open_again(f, &err), ERR_DAMAGED);
	assert_null(strstr(err.text, "dcvd journal accept"));
	assert_non_null(strstr(err.text, "Put a backup of the whole folder in its place; or move journal.db* and journal.mark away"));
	assert_non_null(strstr(err.text, "are lost"));
	assert_advice_is_true(f, &err);
	assert_int_equal(store_accept_sqlite(f->folder, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.text, "begin anew"));
	free_images(&images);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(sqlite, every_bit_that_flips_in_the_database_is_found_or_changes_nothing),
		ON(sqlite, every_bit_that_flips_in_the_write_ahead_log_is_found_or_changes_nothing),
		ON(sqlite, every_bit_that_flips_in_the_mark_is_found_or_changes_nothing),
		ON(sqlite, a_write_ahead_log_that_was_deleted_is_said_and_may_be_accepted),
		ON(sqlite, a_write_ahead_log_that_was_cut_is_said_with_how_much_is_lost),
		ON(sqlite, an_old_copy_of_the_database_is_said),
		ON(sqlite, a_database_that_is_missing_or_empty_is_no_silent_beginning),
		ON(sqlite, a_backup_without_its_mark_opens),
		ON(sqlite, a_check_and_an_acceptance_make_no_journal_where_there_is_none),
		ON(sqlite, a_check_writes_nothing),
		ON(sqlite, damage_that_cannot_be_accepted_says_what_can_be_done_and_what_is_lost),
		ON(sqlite, a_row_that_changed_is_named_and_may_be_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
