/* solver/net/http.h: every host is our responder, unless an address is told to say something else. */
#ifndef TESTS_SCENARIO_FAKE_HTTP_H
#define TESTS_SCENARIO_FAKE_HTTP_H

#include "solver/answers/answers.h"
#include "solver/net/http.h"

void fake_http_reset(struct answers *answers);
/* What the one odd address answers; NULL: none is odd. */
void fake_http_odd(const char *address, int status, const char *body);

/* What an API behind https:// answers: the status, or 0 when nobody answers; *ret_body and *ret_headers ("Name: value\r\n" lines) are given. */
typedef int (*fake_http_api_fn)(const struct http_request *request, char **ret_body, char **ret_headers, void *arg);
void fake_http_api(fake_http_api_fn fn, void *arg);

/* Each host redirects this often to itself, at `port` (":8080", or ""), before it answers. */
void fake_http_redirects(int hops, const char *port);
/* Where the last request said that it comes from; "" for nowhere. */
const char *fake_http_referer(void);

/* This host has no way to addresses with this character in them (':': no IPv6, '.': no IPv4); 0: it has all. Name servers too. */
void fake_http_unroutable(char family);

struct http_client *fake_http_client_new(struct loop *l);

#endif
