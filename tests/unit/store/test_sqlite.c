/* What only a file can get wrong: versions, locks, modes, full disks, kills. */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What version 6 added. */
#define DROP_SHARES \
	"ALTER TABLE orders DROP COLUMN challenges; ALTER TABLE orders DROP COLUMN reason; ALTER TABLE orders DROP COLUMN deadline_ms;" \
	"ALTER TABLE orders DROP COLUMN expires_ms; ALTER TABLE orders DROP COLUMN let_go_ms;"

static char *journal_path(const struct fixture *f)
{
	return mem_printf("%s/journal.db", f->folder);
}

static void run_sql(const struct fixture *f, const char *sql)
{
	CLEANUP(mem_freep) char *path = journal_path(f);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void read_file(const struct fixture *f, struct buf *ret)
{
	CLEANUP(mem_freep) char *path = journal_path(f);
	FILE *file = fopen(path, "rb");
	char block[4096];
	size_t length;

	assert_non_null(file);
	while ((length = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(ret, block, length);
	fclose(file);
	assert_false(ret->overflow);
}

static void assert_refused(struct fixture *f, int code, const char *sentence)
{
	struct err err = { 0 };

	assert_int_equal(open_again(f, &err), code);
	assert_null(f->store);
	if (!strstr(err.text, sentence) || !strstr(err.text, f->folder))
		fail_msg("expected \"%s\" and the folder in \"%s\"", sentence, err.text);
}

/* Refused with `sentence`, and not a byte of the file is different. */
static void assert_refused_unchanged(struct fixture *f, int code, const char *sentence)
{
	CLEANUP(buf_done) struct buf before = BUF_INIT(1 << 20), after = BUF_INIT(1 << 20);

	read_file(f, &before);
	assert_refused(f, code, sentence);
	read_file(f, &after);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, before.length);
}

static void a_newer_version_is_refused_and_left_unchanged(void **state)
{
	close_store(*state);
	run_sql(*state, "PRAGMA user_version = 9999");
	assert_refused_unchanged(*state, ERR_UNSUPPORTED, "newer dcvd (version 9999");
}

static void a_database_of_something_else_is_refused_and_left_unchanged(void **state)
{
	close_store(*state);
	run_sql(*state, "PRAGMA application_id = 7");
	assert_refused_unchanged(*state, ERR_INVALID, "something else");
}

static void a_file_that_is_no_database_is_refused_and_left_unchanged(void **state)
{
	struct fixture *f = *state;
	CLEANUP(mem_freep) char *path = journal_path(f);
	FILE *file;

	close_store(f);
	file = fopen(path, "wb");
	for (int i = 0; i < 1000; i++)
		fputs("this is a diary, not a journal\n", file);
	fclose(file);
	assert_refused_unchanged(f, ERR_INVALID, "not a journal of dcvd");
}

static void an_unknown_state_is_named_with_its_challenge(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct store_visitor visitor = { 0 };
	struct err err = { 0 };

	put(t, "ch_1");
	commit(f, t);
	close_store(f);
	run_sql(f, "UPDATE challenges SET state = 'limbo'");
	assert_int_equal(open_again(f, &err), 0);
	assert_int_equal(store_load(f->store, &visitor, &err), ERR_DAMAGED);
	assert_non_null(strstr(err.text, "ch_1"));
	assert_non_null(strstr(err.text, "limbo"));
}

static void a_second_opener_is_refused_until_the_first_closes(void **state)
{
	struct fixture *f = *state, second = *f;

	second.store = NULL;
	assert_refused(&second, ERR_BUSY, "another dcvd");
	reopen(f);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	struct fixture f = *(struct fixture *)*state;

	f.store = NULL;
	strcpy(f.folder, "/dev/null/state");
	assert_refused(&f, ERR_IO, "Not a directory");
}

/* Root may write anywhere, so it asks as nobody. */
static void a_read_only_folder_is_refused(void **state)
{
	struct fixture *f = *state;
	bool root = geteuid() == 0;

	close_store(f);
	assert_int_equal(chmod(f->folder, 0555), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_refused(f, ERR_DENIED, "not writable");
	if (root) {
		assert_int_equal(seteuid(0), 0);
		prctl(PR_SET_DUMPABLE, 1); /* or the leak check cannot look */
	}
	assert_int_equal(chmod(f->folder, 0700), 0);
}

static void the_folder_and_its_files_are_private(void **state)
{
	struct fixture *f = *state, inner = { .sqlite = true };
	mode_t umask_before = umask(0);
	struct err err = { 0 };
	struct stat st;

	assert_in_range(snprintf(inner.folder, sizeof(inner.folder), "%.50s/inner", f->folder), 1, sizeof(inner.folder) - 1);
	assert_int_equal(open_again(&inner, &err), 0);
	umask(umask_before);
	assert_int_equal(stat(inner.folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", inner.folder, files[i]);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		unlink(path);
	}
	close_store(&inner);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", inner.folder, files[i]);

		unlink(path);
	}
	assert_int_equal(rmdir(inner.folder), 0);
}

/* A limit on the size of files stands in for a disk without room. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_fails_the_write_and_leaves_the_store_usable(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct challenge big = a_challenge("ch_big");
	CLEANUP(mem_freep) char *verdict = mem_new(1, 1 << 20);
	struct outcome o;

	put(t, "ch_1");
	commit(f, t);
	memset(verdict, 'x', (1 << 20) - 1);
	big.verdict = verdict;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(300000);
	t = store_begin(f->store);
	put(t, "ch_2");
	store_put_challenge(t, &big);
	o = commit(f, t);
	limit_files(RLIM_INFINITY);
	assert_int_equal(o.code, ERR_IO);
	assert_non_null(strstr(o.text, "journal.db"));
	t = store_begin(f->store);
	put(t, "ch_3");
	assert_int_equal(commit(f, t).code, 0);
	reopen(f);
	assert_holds(f, "challenge ch_1 dns-01 queued\nchallenge ch_3 dns-01 queued\n");
}

/* The callback is the promise: what it confirmed survives a kill. */
static void write_and_die(const struct fixture *f)
{
	struct fixture child = *f;
	struct outcome o = { 0 };
	struct store_txn *t;
	struct err err = { 0 };

	child.store = NULL;
	if (open_again(&child, &err) < 0)
		_exit(1);
	t = store_begin(child.store);
	put(t, "ch_1");
	note(t, "ch_1", 5, CHALLENGE_QUEUED, "Accepted.");
	store_commit(t, keep_outcome, &o);
	store_drain(child.store);
	if (o.calls == 1 && o.code == 0)
		kill(getpid(), SIGKILL);
	_exit(2);
}

static void what_was_confirmed_survives_a_kill(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	pid_t child;
	int status;

	close_store(f);
	child = fork();
	if (child == 0)
		write_and_die(f);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(open_again(f, &err), 0);
	assert_holds(f, "challenge ch_1 dns-01 queued\n  5 queued Accepted.\n");
}

static void drop_digests(struct fixture *f)
{
	static const char *const tables[] = { "orders", "challenges", "events", "clients", "settings", "accounts" };
	CLEANUP(mem_freep) char *mark = mem_printf("%s/journal.mark", f->folder);

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		CLEANUP(mem_freep) char *sql = mem_printf("DROP TRIGGER %s_added; DROP TRIGGER %s_changed; DROP TRIGGER %s_removed;"
		                                          "ALTER TABLE %s DROP COLUMN digest", tables[i], tables[i], tables[i], tables[i]);

		run_sql(f, sql);
	}
	run_sql(f, "DROP TABLE journal; DROP TABLE tally");
	unlink(mark);
}

/* Takes off what later versions added. */
static void a_file_of_the_first_version_is_brought_up_and_keeps_its_content(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);
	struct store_audit last = { 0 };
	struct err err = { 0 };

	put(t, "ch_1");
	commit(f, t);
	close_store(f);
	drop_digests(f);
	run_sql(f, "ALTER TABLE challenges DROP COLUMN record_name; ALTER TABLE challenges DROP COLUMN account_uri;"
	           "ALTER TABLE challenges DROP COLUMN within_ms; ALTER TABLE challenges DROP COLUMN sites;" DROP_SHARES
	           "DROP TABLE audit; DROP TABLE accounts; PRAGMA user_version = 1;");
	assert_int_equal(open_again(f, &err), 0);
	assert_holds(f, "challenge ch_1 dns-01 queued\n");
	assert_int_equal(store_last_audit(f->store, &last, &err), 0);
}

static void assert_copy_holds(const struct fixture *f, const char *expected)
{
	struct fixture copy = { .sqlite = true };
	struct err err = { 0 };

	copy.store = NULL;
	if (store_open_copy(f->folder, &copy.store, &err) < 0)
		fail_msg("%s", err.text);
	assert_holds(&copy, expected);
	store_close(copy.store);
}

static void a_copy_is_read_beside_who_writes_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	commit(f, t);
	assert_copy_holds(f, "challenge ch_1 dns-01 queued\n");
	t = store_begin(f->store);
	put(t, "ch_2");
	commit(f, t);
	assert_copy_holds(f, "challenge ch_1 dns-01 queued\nchallenge ch_2 dns-01 queued\n");
	reopen(f);
	assert_holds(f, "challenge ch_1 dns-01 queued\nchallenge ch_2 dns-01 queued\n");
}

static void a_copy_of_an_older_version_leaves_the_file_as_it_is(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_done) struct buf before = BUF_INIT(1 << 24);
	CLEANUP(buf_done) struct buf after = BUF_INIT(1 << 24);
	struct store_txn *t = store_begin(f->store);

	put(t, "ch_1");
	commit(f, t);
	close_store(f);
	drop_digests(f);
	run_sql(f, "ALTER TABLE challenges DROP COLUMN within_ms; ALTER TABLE challenges DROP COLUMN sites;" DROP_SHARES "PRAGMA user_version = 2;");
	read_file(f, &before);
	assert_copy_holds(f, "challenge ch_1 dns-01 queued\n");
	read_file(f, &after);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, before.length);
	reopen(f);
}

static void a_copy_of_nothing_makes_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *copy = NULL;
	struct err err = { 0 };

	assert_int_equal(store_open_copy("/tmp/dcvd-store-nothing", &copy, &err), ERR_NOT_FOUND);
	assert_int_equal(access("/tmp/dcvd-store-nothing", F_OK), -1);
	reopen(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(sqlite, a_newer_version_is_refused_and_left_unchanged),
		ON(sqlite, a_database_of_something_else_is_refused_and_left_unchanged),
		ON(sqlite, a_file_that_is_no_database_is_refused_and_left_unchanged),
		ON(sqlite, an_unknown_state_is_named_with_its_challenge),
		ON(sqlite, a_second_opener_is_refused_until_the_first_closes),
		ON(sqlite, a_folder_that_cannot_be_made_is_named),
		ON(sqlite, a_read_only_folder_is_refused),
		ON(sqlite, the_folder_and_its_files_are_private),
		ON(sqlite, a_full_disk_fails_the_write_and_leaves_the_store_usable),
		ON(sqlite, what_was_confirmed_survives_a_kill),
		ON(sqlite, a_file_of_the_first_version_is_brought_up_and_keeps_its_content),
		ON(sqlite, a_copy_is_read_beside_who_writes_and_changes_nothing),
		ON(sqlite, a_copy_of_an_older_version_leaves_the_file_as_it_is),
		ON(sqlite, a_copy_of_nothing_makes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
