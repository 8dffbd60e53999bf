#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "solver/api/notify/callbacks.h"
#include "solver/base/mem.h"

#define SECRET "between the two of us"
#define BODY "{\"id\":\"or_1.ready\"}"

/* printf %s '1795273918.{"id":"or_1.ready"}' | openssl dgst -sha256 -hmac 'between the two of us' */
static void the_signature_is_over_the_timestamp_and_the_body(void **state)
{
	CLEANUP(mem_freep) char *signature = callback_signature(SECRET, "1795273918", BODY);

	(void)state;
	assert_string_equal(signature, "v1=bda8375512431c6040791a7c7e536dd666b9d6c4b55efd33b31f53a2e638cac4");
}

static void another_time_body_or_secret_has_another_signature(void **state)
{
	CLEANUP(mem_freep) char *signature = callback_signature(SECRET, "1795273918", BODY);
	CLEANUP(mem_freep) char *later = callback_signature(SECRET, "1795273919", BODY);
	CLEANUP(mem_freep) char *other = callback_signature(SECRET, "1795273918", BODY " ");
	CLEANUP(mem_freep) char *guessed = callback_signature("guessed", "1795273918", BODY);

	(void)state;
	assert_string_not_equal(signature, later);
	assert_string_not_equal(signature, other);
	assert_string_not_equal(signature, guessed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signature_is_over_the_timestamp_and_the_body),
		cmocka_unit_test(another_time_body_or_secret_has_another_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
