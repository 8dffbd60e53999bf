/* dcvd cps doctor: one check a function, in a table; each says PASS, WARN or FAIL, and what to do. Private to the command.
 *
 * Nothing is written, neither at Akamai nor in the journal; all requests are GETs, a dozen for each account. */
#ifndef SOLVER_CLI_CPS_DOCTOR_H
#define SOLVER_CLI_CPS_DOCTOR_H

#include "solver/akamai/client.h"
#include "solver/cli/cps/cps_desk.h"

enum grade { GRADE_PASS, GRADE_WARN, GRADE_FAIL };

/* The answer to the last request of a check. */
struct doctor_answer {
	int status;              /* 0: none came */
	char *headers, *body;
	struct err err;
};

struct doctor {
	struct desk desk;
	int64_t names_max;       /* how many names are looked at */
	const char *account;     /* that is examined; "": the main one */
	struct akamai_account settings;
	struct akamai_client *client;
	struct doctor_answer answer;
	char *date;              /* header of the host's first answer, and when it came here */
	int64_t date_seen_ms;
	json_t *contracts;       /* as the account told them, or NULL */
	json_t *enrollments;     /* or NULL: they could not be listed */
	bool over;               /* what follows cannot work either */
	const char *check;       /* that runs */
	json_t *lines;           /* {"account","check","result","text","remedy"} */
};

/* doctor_ask.c */
const char *doctor_grade_name(enum grade grade);
void doctor_forget_answer(struct doctor_answer *a);
/* A line. `remedy` NULL: nothing is to be done. */
void doctor_say(struct doctor *d, enum grade grade, const char *remedy, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Asks the account, once, and waits; d->answer has what came. `accept` as in struct akamai_request. */
void doctor_ask(struct doctor *d, struct akamai_client *client, const char *path, const char *accept);
/* Waits until *done, telling what is waited for. */
void doctor_wait(struct doctor *d, int *done, const char *what);

/* doctor_account.c */
void doctor_credentials(struct doctor *d);
void doctor_host(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_signature(struct doctor *d);
void doctor_contracts(struct doctor *d);
void doctor_switch_key(struct doctor *d);
void doctor_read_grant(struct doctor *d);
void doctor_write_grant(struct doctor *d);
void doctor_other_grants(struct doctor *d);
void doctor_rate(struct doctor *d);
/* doctor_names.c */
void doctor_inventory(struct doctor *d);
void doctor_names(struct doctor *d);

#endif
