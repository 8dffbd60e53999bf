/* What errands that write share. Private to cps. What is sent is checked first, and shown by a dry run. */
#ifndef SOLVER_CPS_WRITING_H
#define SOLVER_CPS_WRITING_H

#include "solver/cps/errands.h"

/* An option of the API: its name in the input, in the query, and whether it has a text (a date) or is true. NULL ends the table. */
struct writing_flag { const char *input, *query; bool text; };

/* Adds the options of the input to a path. */
int writing_query(const struct errand *e, const struct writing_flag *flags, struct buf *path, struct err *err);
/* Sends a request, or ends the errand with what would be sent. */
void writing_send(struct errand *e, const char *method, const char *path, const char *accept, const char *content_type, const json_t *body,
                  akamai_client_fn done);
/* False, and the errand is over, when what is wanted breaks a rule. */
bool writing_keeps_rules(struct errand *e);
/* It may have arrived: no answer, or one that says nothing about it. */
bool writing_is_lost(const struct http_reply *reply, const struct err *err);
/* The result from an enrollment-status: {"enrollment","changes","changed"}. */
void writing_take_status(struct errand *e, const struct http_reply *reply);

#endif
