/* The published vectors of EdgeGrid, from data/; each must give the very header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/crypto/edgegrid.h"

#define HEADERS_MAX 16
#define HOST "akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net"

static json_t *inputs, *vectors;

static const char *input(const char *key)
{
	return json_string_value(json_object_get(inputs, key));
}

static int open_vectors(void **state)
{
	(void)state;
	inputs = json_load_file(TEST_DATA "/unit/crypto/data/edgegrid-inputs.json", 0, NULL);
	vectors = json_load_file(TEST_DATA "/unit/crypto/data/edgegrid-vectors.json", 0, NULL);
	return inputs && vectors ? 0 : -1;
}

static int close_vectors(void **state)
{
	(void)state;
	json_decref(inputs);
	json_decref(vectors);
	return 0;
}

static struct edgegrid_credentials make_credentials(void)
{
	return (struct edgegrid_credentials){
		.host = mem_dup(HOST),
		.client_token = secret_new(input("client_token")),
		.client_secret = secret_new(input("client_secret")),
		.access_token = secret_new(input("access_token")),
	};
}

struct header_list {
	char *lines[HEADERS_MAX];
	size_t count;
};

static void read_headers(const json_t *request, struct header_list *ret)
{
	json_t *headers = json_object_get(request, "headers"), *object, *value;
	const char *name;
	size_t i;

	json_array_foreach(headers, i, object)
		json_object_foreach(object, name, value)
			ret->lines[ret->count++] = mem_printf("%s: %s", name, json_string_value(value));
}

static void vector_gives_its_header(const json_t *vector)
{
	static const char *const to_sign[] = { "X-Test1", "X-Test2", "X-Test3", NULL };
	const json_t *request = json_object_get(vector, "request");
	const char *body = json_string_value(json_object_get(request, "data"));
	struct edgegrid_credentials c = make_credentials();
	struct header_list headers = { .count = 0 };
	CLEANUP(mem_freep) char *header = NULL;

	read_headers(request, &headers);
	header = edgegrid_authorization(&c, &(struct edgegrid_request){
		.method = json_string_value(json_object_get(request, "method")),
		.path_and_query = json_string_value(json_object_get(request, "path")),
		.headers_to_sign = to_sign,
		.headers = (const char *const *)headers.lines,
		.body = body,
		.body_length = body ? strlen(body) : 0,
		.max_body = (size_t)json_integer_value(json_object_get(inputs, "max_body")),
		.timestamp = input("timestamp"),
		.nonce = input("nonce"),
	});
	print_message("%s\n", json_string_value(json_object_get(vector, "testName")));
	assert_string_equal(header, json_string_value(json_object_get(vector, "expectedAuthorization")));
	for (size_t i = 0; i < headers.count; i++)
		free(headers.lines[i]);
	edgegrid_credentials_done(&c);
}

static void every_published_vector_is_reproduced(void **state)
{
	json_t *vector;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(vectors), 15);
	json_array_foreach(vectors, i, vector)
		vector_gives_its_header(vector);
}

static char *sign(const char *method, const char *body, size_t length, size_t max_body)
{
	struct edgegrid_credentials c = make_credentials();
	char *header = edgegrid_authorization(&c, &(struct edgegrid_request){
		.method = method, .path_and_query = "/x", .body = body, .body_length = length, .max_body = max_body,
		.timestamp = input("timestamp"), .nonce = input("nonce") });

	edgegrid_credentials_done(&c);
	return header;
}

static void only_the_first_131072_bytes_of_a_post_body_count(void **state)
{
	CLEANUP(mem_freep) char *body = mem_new(EDGEGRID_MAX_BODY + 3, 1);
	CLEANUP(mem_freep) char *whole = NULL, *longer = NULL, *shorter = NULL;

	(void)state;
	memset(body, 'd', EDGEGRID_MAX_BODY + 2);
	whole = sign("POST", body, EDGEGRID_MAX_BODY, 0);
	longer = sign("POST", body, EDGEGRID_MAX_BODY + 2, 0);
	shorter = sign("POST", body, EDGEGRID_MAX_BODY - 1, 0);
	assert_string_equal(whole, longer);
	assert_string_not_equal(whole, shorter);
}

static void a_put_body_is_not_signed(void **state)
{
	CLEANUP(mem_freep) char *with = sign("PUT", "body", 4, 0);
	CLEANUP(mem_freep) char *without = sign("PUT", NULL, 0, 0);

	(void)state;
	assert_string_equal(with, without);
}

static void the_signing_key_is_the_published_one(void **state)
{
	const char *secret = input("client_secret"), *timestamp = input("timestamp");
	unsigned char mac[SHA256_SIZE];
	CLEANUP(mem_freep) char *key = NULL;

	(void)state;
	crypto_hmac_sha256(secret, strlen(secret), timestamp, strlen(timestamp), mac);
	key = crypto_base64(mac, sizeof(mac));
	assert_string_equal(key, input("sign_key_test"));
}

static void the_content_hash_is_the_published_one(void **state)
{
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *hash = NULL;

	(void)state;
	crypto_sha256("test_body", 9, digest);
	hash = crypto_base64(digest, sizeof(digest));
	assert_string_equal(hash, input("content_hash_test"));
}

static void a_json_body_with_a_query_gives_the_published_header(void **state)
{
	struct edgegrid_credentials c = make_credentials();
	const char *body = "{\"key\": \"value\"}";
	CLEANUP(mem_freep) char *header = edgegrid_authorization(&c, &(struct edgegrid_request){
		.method = "POST", .path_and_query = "/testapi/v1/t3?extended=true", .body = body,
		.body_length = strlen(body), .timestamp = input("timestamp"), .nonce = input("nonce") });

	(void)state;
	assert_string_equal(header, input("jsontest_hash"));
	edgegrid_credentials_done(&c);
}

static void every_call_has_its_own_nonce_and_a_timestamp(void **state)
{
	struct edgegrid_credentials c = make_credentials();
	const struct edgegrid_request request = { .method = "GET", .path_and_query = "/" };
	CLEANUP(mem_freep) char *first = edgegrid_authorization(&c, &request);
	CLEANUP(mem_freep) char *second = edgegrid_authorization(&c, &request);
	const char *nonce = strstr(first, ";nonce=");
	const char *timestamp = strstr(first, ";timestamp=");

	(void)state;
	assert_string_not_equal(first, second);
	assert_int_equal(strcspn(nonce + 7, ";"), 36);
	assert_int_equal(nonce[7 + 14], '4');
	assert_int_equal(strcspn(timestamp + 11, ";"), 22);
	assert_memory_equal(timestamp + 11 + 17, "+0000", 5);
	edgegrid_credentials_done(&c);
}

static void the_host_is_signed_in_lower_case(void **state)
{
	struct edgegrid_credentials c = make_credentials();
	struct edgegrid_request request = { .method = "GET", .timestamp = input("timestamp"), .nonce = input("nonce") };
	CLEANUP(mem_freep) char *plain = NULL, *upper = NULL;

	(void)state;
	request.host = "api.example.net";
	plain = edgegrid_authorization(&c, &request);
	request.host = "API.Example.NET";
	upper = edgegrid_authorization(&c, &request);
	assert_string_equal(plain, upper);
	edgegrid_credentials_done(&c);
}

static void a_timestamp_is_utc_without_dashes(void **state)
{
	char text[EDGEGRID_TIMESTAMP_SIZE];

	(void)state;
	assert_string_equal(edgegrid_timestamp(1395430461000, text), "20140321T19:34:21+0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_published_vector_is_reproduced),
		cmocka_unit_test(only_the_first_131072_bytes_of_a_post_body_count),
		cmocka_unit_test(a_put_body_is_not_signed),
		cmocka_unit_test(the_signing_key_is_the_published_one),
		cmocka_unit_test(the_content_hash_is_the_published_one),
		cmocka_unit_test(a_json_body_with_a_query_gives_the_published_header),
		cmocka_unit_test(every_call_has_its_own_nonce_and_a_timestamp),
		cmocka_unit_test(the_host_is_signed_in_lower_case),
		cmocka_unit_test(a_timestamp_is_utc_without_dashes),
	};

	return cmocka_run_group_tests(tests, open_vectors, close_vectors);
}
