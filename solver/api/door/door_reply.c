#include <stdlib.h>
#include <string.h>

#include "solver/api/door/door.h"

void door_reply_error(struct api *a, struct http_exchange *x, int status, const char *text)
{
	door_reply_later(a, x, status, text, 0);
}

void door_reply_later(struct api *a, struct http_exchange *x, int status, const char *text, int retry_after_s)
{
	json_t *said = json_string(text), *error = json_pack("{so}", "error", said ? said : json_string("the request holds what is no UTF-8"));
	char *body = json_dumps(error, 0); /* with the space behind the colon, as acme-dns writes it */

	a->refused++;
	if (status == 401)
		http_exchange_header(x, "WWW-Authenticate", "Basic realm=\"dcvd\"");
	reply_retry_after(x, status, retry_after_s);
	http_exchange_header(x, "Cache-Control", "no-store");
	http_exchange_reply(x, status, JSON_TYPE, body, strlen(body));
	free(body);
	json_decref(error);
}
