/* dcvd present --from-terraform: what `terraform output -json` says of akamai_cps_dv_enrollment resources, as one order.
 *
 * Challenges are found wherever they stand in the document: outputs wrapped in {"value": …} or bare, the arrays
 * dns_challenges and http_challenges alone or inside a whole resource, of one enrollment or of many. */
#ifndef SOLVER_CLI_TERRAFORM_H
#define SOLVER_CLI_TERRAFORM_H

#include "solver/cli/cli.h"

struct terraform_wish {
	const char *file;                       /* or "-" */
	const char *type;                       /* only that; NULL: for each name dns-01 where it is offered, else http-01 */
	const char *deadline, *lifetime, *timeout; /* or NULL */
	bool no_wait;
};

/* Presents and, unless told otherwise, waits until all are ready. No challenge at all is success: once an enrollment is
 * validated its arrays are empty. */
int terraform_present(const struct cli_service *s, const struct terraform_wish *wish);
/* Takes the document apart; gives {"dns_challenges": […], "http_challenges": […]}. */
json_t *terraform_challenges(const json_t *document, const char *type);

#endif
