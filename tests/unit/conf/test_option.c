/* One option of each kind: what it takes, what it refuses and in which words, how it is written back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "solver/conf/duration.h"
#include "solver/conf/option.h"
#include "solver/conf/source.h"
#include "solver/conf/suggest.h"
#include "solver/conf/tables.h"
#include "solver/conf/yaml.h"

struct fields {
	bool flag;
	int64_t number, any, wait;
	char *text, *path;
	int color;
	char **list;
	struct secret *secret;
};

static const char *const colors[] = { "red", "green", NULL };

#define AT(member) offsetof(struct fields, member)
static const struct option rows[] = {
	{ "flag", OPTION_BOOL, AT(flag), .def = "true" },
	{ "number", OPTION_INT, AT(number), .def = "-3", .min = -5, .max = 5 },
	{ "any", OPTION_INT, AT(any) },
	{ "wait", OPTION_DURATION, AT(wait), .def = "2s", .min = 100, .max = 60000 },
	{ "text", OPTION_TEXT, AT(text), .min = 2, .max = 4 },
	{ "path", OPTION_PATH, AT(path), .def = "~/x" },
	{ "color", OPTION_ENUM, AT(color), .def = "green", .names = colors },
	{ "list", OPTION_LIST, AT(list), .def = "[a, \"b c\"]", .min = 1, .max = 3 },
	{ "secret", OPTION_SECRET, AT(secret) },
	{ 0 },
};

static int parse(const char *text, struct fields *ret, struct buf *warnings, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml_node *map = NULL;
	struct option_notes notes = { .warnings = warnings };

	memset(ret, 0, sizeof(*ret));
	memset(err, 0, sizeof(*err));
	option_defaults(rows, ret);
	assert_int_equal(yaml_parse(text, strlen(text), "f", &map, err), 0);
	return option_parse_table(rows, ret, map, "t", NULL, &notes, err);
}

static void refuses(const char *text, const char *sentence)
{
	struct fields f;
	struct err err;

	assert_int_equal(parse(text, &f, NULL, &err), ERR_INVALID);
	assert_string_equal(err.text, sentence);
	option_free(rows, &f);
}

/* The option `name` after reading `text`, as it is dumped. */
static void becomes(const char *text, const char *name, const char *expected)
{
	struct buf out = BUF_INIT(4096);
	struct fields f;
	struct err err;

	if (parse(text, &f, NULL, &err) < 0)
		fail_msg("%s", err.text);
	option_dump(option_find(rows, name), &f, &out);
	assert_string_equal(buf_text(&out), expected);
	option_free(rows, &f);
	buf_done(&out);
}

static void a_bool_is_true_or_false_and_nothing_else(void **state)
{
	(void)state;
	refuses("flag: yes\n", "f:1:7: t.flag: expected true or false, found 'yes'");
	refuses("flag: \"true\"\n", "f:1:7: t.flag: expected true or false, found 'true'");
	refuses("flag: [true]\n", "f:1:7: t.flag: expected true or false, found a list");
	becomes("flag: false\n", "flag", "false");
	becomes("", "flag", "true");
}

static void a_number_is_whole_and_in_range(void **state)
{
	(void)state;
	refuses("number: 6\n", "f:1:9: t.number: 6 is out of range (-5 to 5)");
	refuses("number: 99999999999999999999\n", "f:1:9: t.number: 99999999999999999999 is out of range (-5 to 5)");
	refuses("any: 99999999999999999999\n", "f:1:6: t.any: 99999999999999999999 is too large a number");
	refuses("number: 1.5\n", "f:1:9: t.number: expected a whole number, found '1.5'");
	refuses("number: 0x1\n", "f:1:9: t.number: expected a whole number, found '0x1'");
	refuses("number: +1\n", "f:1:9: t.number: expected a whole number, found '+1'");
	refuses("number: \"1\"\n", "f:1:9: t.number: expected a whole number, found '1'");
	refuses("number: []\n", "f:1:9: t.number: expected a whole number, found a list");
	refuses("number:\n", "f:1:1: t.number: expected a whole number, found nothing");
	becomes("number: -5\n", "number", "-5");
	becomes("any: -9223372036854775808\n", "any", "-9223372036854775808");
}

static void a_duration_needs_a_unit(void **state)
{
	const char *const bad[] = { "", "1", "s", "1x", "1.5s", "-1s", " 1s", "1s ", "1 s", "9999999999999999s",
		                    "999999999999999d", "999999999d999999999999999d" };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(duration_parse(bad[i], &ms), ERR_INVALID);
	refuses("wait: 5\n", "f:1:7: t.wait: expected a duration such as 250ms, 2s, 5m, 12h or 7d, found '5'");
	refuses("wait: 2m\n", "f:1:7: t.wait: 2m is out of range (100ms to 1m)");
}

static void a_duration_is_written_in_its_largest_unit(void **state)
{
	(void)state;
	becomes("wait: 250ms\n", "wait", "250ms");
	becomes("wait: 60000ms\n", "wait", "1m");
	becomes("wait: 1s500ms\n", "wait", "1500ms");
	becomes("", "wait", "2s");
}

static void a_text_has_a_length_and_may_be_taken_away(void **state)
{
	(void)state;
	refuses("text: a\n", "f:1:7: t.text: 1 characters; 2 to 4 are allowed");
	refuses("text: abcde\n", "f:1:7: t.text: 5 characters; 2 to 4 are allowed");
	refuses("text: {a: b}\n", "f:1:7: t.text: expected a text, found a mapping");
	refuses("path: null\n", "f:1:7: t.path: expected a text, found nothing");
	becomes("text: null\n", "text", "null");
	becomes("text: \"null\"\n", "text", "\"null\"");
	becomes("text: 123\n", "text", "\"123\"");
	becomes("text: \"a\\n\\\"\"\n", "text", "\"a\\x0a\\\"\"");
}

static void a_path_begins_at_home(void **state)
{
	(void)state;
	setenv("HOME", "/home/u", 1);
	becomes("", "path", "/home/u/x");
	becomes("path: /a~/b\n", "path", "\"/a~/b\"");
	becomes("path: ~x/b\n", "path", "\"~x/b\"");
}

static void an_enum_names_its_words(void **state)
{
	(void)state;
	refuses("color: gren\n", "f:1:8: t.color: expected red or green, found 'gren'; did you mean 'green'?");
	refuses("color: [red]\n", "f:1:8: t.color: expected red or green, found a list");
	becomes("color: red\n", "color", "red");
	becomes("", "color", "green");
}

static void a_single_text_is_a_list_of_one(void **state)
{
	(void)state;
	refuses("list: []\n", "f:1:7: t.list: 0 items; 1 to 3 are allowed");
	refuses("list: [a, b, c, d]\n", "f:1:7: t.list: 4 items; 1 to 3 are allowed");
	refuses("list: [a, [b]]\n", "f:1:11: t.list: expected a text in the list, found a list");
	refuses("list: [a, null]\n", "f:1:11: t.list: expected a text in the list, found nothing");
	becomes("list: a\n", "list", "[a]");
	becomes("list:\n- a\n- 2\n", "list", "[a, \"2\"]");
	becomes("", "list", "[a, \"b c\"]");
}

static void write_file(const char *file, const char *bytes, size_t length)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, length, f), length);
	fclose(f);
}

static char folder[] = "/tmp/dcvd-test-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && setenv("CREDENTIALS_DIRECTORY", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	char file[128];

	(void)state;
	snprintf(file, sizeof(file), "%s/key", folder);
	unlink(file);
	return rmdir(folder);
}

/* Reads {credential: key} while the file holds these bytes; NULL: refused with the end of a sentence. */
static void secret_from(const char *bytes, size_t length, const char *expected, const char *sentence)
{
	char file[128];
	struct fields f;
	struct err err;

	snprintf(file, sizeof(file), "%s/key", folder);
	write_file(file, bytes, length);
	if (expected) {
		assert_int_equal(parse("secret: {credential: key}\n", &f, NULL, &err), 0);
		assert_string_equal(secret_reveal(f.secret), expected);
	} else {
		assert_int_equal(parse("secret: {credential: key}\n", &f, NULL, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, sentence));
	}
	option_free(rows, &f);
}

static void a_secret_file_has_limits(void **state)
{
	CLEANUP(mem_freep) char *large = mem_new(SOURCE_MAX_BYTES + 2, 1);

	(void)state;
	memset(large, 'x', SOURCE_MAX_BYTES + 1);
	secret_from(large, SOURCE_MAX_BYTES + 1, NULL, "is larger than 64 KiB");
	secret_from("", 0, NULL, "is empty");
	secret_from("\n\r\n", 3, NULL, "is empty");
	secret_from("a\0b", 3, NULL, "holds a zero byte");
	large[SOURCE_MAX_BYTES] = '\0';
	secret_from(large, SOURCE_MAX_BYTES, large, NULL);
}

static void a_secret_file_loses_its_last_newline_only(void **state)
{
	(void)state;
	secret_from("hush\n", 5, "hush", NULL);
	secret_from("hush\r\n", 6, "hush", NULL);
	secret_from(" hu\nsh ", 7, " hu\nsh ", NULL);
}

/* It is opened by path later, so it need not be there now. */
static void a_path_may_be_that_of_a_credential(void **state)
{
	CLEANUP(mem_freep) char *expected = mem_printf("%s/api.key", folder);

	(void)state;
	becomes("path: {credential: api.key}\n", "path", expected);
	refuses("path: {credential: ../a}\n", "f:1:20: t.path: '../a' is not the name of a credential");
	refuses("path: {file: a}\n", "f:1:7: t.path: write a path, or {credential: NAME} for the file of a systemd credential");
	refuses("path: {}\n", "f:1:7: t.path: write a path, or {credential: NAME} for the file of a systemd credential");
	refuses("path: []\n", "f:1:7: t.path: expected a text, found a list");
}

static void a_secret_that_cannot_be_had_says_why(void **state)
{
	(void)state;
	unsetenv("DCVD_NOT_SET");
	refuses("secret: {env: DCVD_NOT_SET}\n", "f:1:15: t.secret: environment variable DCVD_NOT_SET is not set");
	refuses("secret: {file: /nonexistent/a}\n",
	        "f:1:16: t.secret: cannot read /nonexistent/a: No such file or directory");
	refuses("secret: {file: /}\n", "f:1:16: t.secret: cannot read /: Is a directory");
	refuses("secret: {file: /dev/zero}\n", "f:1:16: t.secret: cannot read /dev/zero: Invalid argument");
	refuses("secret: {credential: ../a}\n", "f:1:22: t.secret: '../a' is not the name of a credential");
	refuses("secret: {fiel: a}\n", "f:1:10: t.secret: unknown key 'fiel'; a secret is written as {file: …}, {env: …} "
	                               "or {credential: …}");
	refuses("secret: {env: A, file: b}\n", "f:1:9: t.secret: write one of {file: …}, {env: …}, {credential: …}");
	refuses("secret: []\n", "f:1:9: t.secret: expected a secret: {file: …}, {env: …} or {credential: …}");
}

static void a_secret_in_the_file_itself_is_noted(void **state)
{
	struct buf warnings = BUF_INIT(4096);
	struct fields f;
	struct err err;

	(void)state;
	setenv("DCVD_SET", "hush", 1);
	assert_int_equal(parse("secret: {env: DCVD_SET}\n", &f, &warnings, &err), 0);
	assert_string_equal(secret_reveal(f.secret), "hush");
	assert_string_equal(buf_text(&warnings), "");
	option_free(rows, &f);
	assert_int_equal(parse("secret: hush\n", &f, &warnings, &err), 0);
	assert_non_null(strstr(buf_text(&warnings), "f:1:9: t.secret is written in the configuration itself"));
	assert_null(strstr(buf_text(&warnings), "hush"));
	option_free(rows, &f);
	buf_done(&warnings);
	becomes("secret: hush\n", "secret", "\"***\"");
	becomes("", "secret", "null");
}

static void a_value_takes_the_place_of_an_earlier_one(void **state)
{
	CLEANUP(yaml_freep) struct yaml_node *map = NULL;
	struct fields f;
	struct err err;

	(void)state;
	assert_int_equal(parse("list: a\nsecret: b\ntext: cc\n", &f, NULL, &err), 0);
	assert_int_equal(yaml_parse("list: z\nsecret: y\ntext: xx\n", 26, "f", &map, &err), 0);
	assert_int_equal(option_parse_table(rows, &f, map, "t", NULL, NULL, &err), 0);
	assert_string_equal(f.list[0], "z");
	assert_string_equal(f.text, "xx");
	option_free(rows, &f);
	assert_null(f.list);
	option_free(rows, &f);
	option_free(rows, NULL);
	option_free(NULL, &f);
}

static void the_nearest_word_is_found_by_what_fingers_do(void **state)
{
	const char *const pairs[][2] = { { "htpp", "http" }, { "hhtp", "http" }, { "htt", "http" }, { "httpp", "http" },
		                         { "acknowledge-warning", "acknowledge-warnings" } };
	struct suggestion far = { .word = "xyz" };
	char text[96];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct suggestion s = { .word = pairs[i][0] };

		suggestion_consider(&s, "dns");
		suggestion_consider(&s, pairs[i][1]);
		assert_string_equal(s.nearest, pairs[i][1]);
	}
	suggestion_consider(&far, "http");
	assert_string_equal(suggestion_text(&far, text), "");
}

static void every_option_of_dcvd_has_a_default_that_parses_and_a_help(void **state)
{
	(void)state;
	for (const struct section *s = config_sections; s->name; s++) {
		CLEANUP(mem_freep) struct config *c = mem_new(1, sizeof(*c));

		option_defaults(s->table, section_base(s, c));
		option_free(s->table, section_base(s, c));
		for (const struct option *o = s->table; o->name; o++) {
			assert_non_null(o->help);
			assert_int_equal(o->help[strlen(o->help) - 1], '.');
			assert_ptr_equal(option_find(s->table, o->name), o);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bool_is_true_or_false_and_nothing_else),
		cmocka_unit_test(a_number_is_whole_and_in_range),
		cmocka_unit_test(a_duration_needs_a_unit),
		cmocka_unit_test(a_duration_is_written_in_its_largest_unit),
		cmocka_unit_test(a_text_has_a_length_and_may_be_taken_away),
		cmocka_unit_test(a_path_begins_at_home),
		cmocka_unit_test(an_enum_names_its_words),
		cmocka_unit_test(a_single_text_is_a_list_of_one),
		cmocka_unit_test(a_secret_file_has_limits),
		cmocka_unit_test(a_secret_file_loses_its_last_newline_only),
		cmocka_unit_test(a_path_may_be_that_of_a_credential),
		cmocka_unit_test(a_secret_that_cannot_be_had_says_why),
		cmocka_unit_test(a_secret_in_the_file_itself_is_noted),
		cmocka_unit_test(a_value_takes_the_place_of_an_earlier_one),
		cmocka_unit_test(the_nearest_word_is_found_by_what_fingers_do),
		cmocka_unit_test(every_option_of_dcvd_has_a_default_that_parses_and_a_help),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
