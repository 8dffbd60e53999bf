/* Changing an enrollment as CPS keeps it: always its whole JSON tree, so that members that dcvd does not know survive. Pure.
 *
 * What CPS only answers (id, pending changes, slots, …) is dropped before the tree is sent back. Everything else stays as it came,
 * null included.
 */
#ifndef SOLVER_CPS_EDIT_H
#define SOLVER_CPS_EDIT_H

#include <jansson.h>
#include <stdbool.h>

#include "solver/base/err.h"

/* A deep copy without the members that only answers have. Gives (free with json_decref). */
json_t *cps_edit_copy(const json_t *enrollment);
/* The names of the certificate, SANs with a CN in front that is not among them; gives an array of texts. */
json_t *cps_edit_names(const json_t *enrollment);
/* Adds a SAN; one that is there already is no error. ERR_INVALID: it is no name. */
int cps_edit_add_san(json_t *enrollment, const char *name, struct err *err);
/* ERR_NOT_FOUND: it is not among the SANs. ERR_INVALID: it is the CN. */
int cps_edit_remove_san(json_t *enrollment, const char *name, struct err *err);
/* "networkConfiguration.ocspStapling=on": the value is JSON where it is JSON, and text otherwise. Objects on the way are made. */
int cps_edit_set(json_t *enrollment, const char *assignment, struct err *err);
/* Members of `overlay` over those of `base`, objects member by member, anything else as a whole. */
void cps_edit_merge(json_t *base, const json_t *overlay);
/* As CPS compares them: the order of SANs and of dnsNames does not count. */
bool cps_edit_equal(const json_t *a, const json_t *b);
/* One line a difference: "+ csr.sans: www.example.org", "~ networkConfiguration.geography: \"core\" -> \"china+core\"". Gives an array of
 * texts; empty: nothing differs. */
json_t *cps_edit_differences(const json_t *from, const json_t *to);

#endif
