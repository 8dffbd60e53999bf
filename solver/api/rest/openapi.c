/* The contract, as it stands beside this file; CMake puts its bytes into openapi_json.h. */
#include <openapi_json.h>

#include "solver/api/rest/rest.h"

void openapi_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	(void)a;
	(void)caller;
	(void)argument;
	http_exchange_reply(x, 200, JSON_TYPE, openapi_json, sizeof(openapi_json));
}
