/* The two bodies of lego's httpreq and of acmeproxy, told apart by their fields. Pure; text is borrowed from the document.
 *
 *   {"fqdn":"_acme-challenge.www.example.org.","value":"…"}   the finished record; the client has followed the CNAME
 *   {"domain":"www.example.org","token":"…","keyAuth":"…"}    raw: we hash, build the name and follow the CNAME
 *
 * Keys are read in either case, as the clients' own JSON reader does. What else stands in the object is ignored. */
#ifndef SOLVER_API_HTTPREQ_BODY_H
#define SOLVER_API_HTTPREQ_BODY_H

#include "solver/api/common/fields.h"
#include "solver/engine/engine.h"

struct httpreq_body {
	json_t *document;
	struct challenge_request request;
	char identifier[NAME_SIZE], record[NAME_SIZE]; /* what the request points to, for the finished record */
	char value[64];                                /* raw: the digest, which an error must not show either */
};

/* After success httpreq_body_done(). Errors never show the value. */
int httpreq_body_read(const char *text, size_t length, struct httpreq_body *ret, struct problem *problem);
void httpreq_body_done(struct httpreq_body *b);
/* The fields that were read, with their keys and values as they came; gives. */
json_t *httpreq_body_echo(const struct httpreq_body *b);
/* Takes out of a sentence what an error must not show. */
void httpreq_body_hide(const struct httpreq_body *b, const char *sentence, char *ret_text, size_t room);

#endif
