/* The challenges of Terraform's akamai_cps_dv_enrollment, as they stand in its dns_challenges and http_challenges:
 * [{"domain", "full_path", "response_body"}]. Pure; text is borrowed from the document.
 *
 * The same challenge comes twice when a SAN equals the common name; it is taken once. The path must be that of the
 * domain: otherwise the record would be published at a name that no authority asks for. */
#ifndef SOLVER_API_TERRAFORM_H
#define SOLVER_API_TERRAFORM_H

#include <jansson.h>

#include "solver/api/common/problem.h"
#include "solver/engine/engine.h"

/* Appends to `list`, which holds *count and has room for all of `array`. NULL is an empty array. Pointers of a problem
 * begin with the name of the array. */
int terraform_read(const json_t *array, enum challenge_type type, struct challenge_request *list, size_t *count, struct problem *problem);

#endif
