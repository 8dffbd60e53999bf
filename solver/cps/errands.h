/* What can be wanted of CPS: each starts the errand, and ends it with its answer. Private to cps. */
#ifndef SOLVER_CPS_ERRANDS_H
#define SOLVER_CPS_ERRANDS_H

#include "solver/cps/enrollment.h"
#include "solver/cps/errand.h"

/* Each returns 0 and ends the errand later, or returns a code and leaves it to the caller. */
int cps_list_start(struct errand *e, struct err *err);         /* list.c */
int cps_show_start(struct errand *e, struct err *err);         /* show.c */
int cps_certificate_start(struct errand *e, struct err *err);
int cps_warnings_start(struct errand *e, struct err *err);     /* consent.c */
int cps_ack_start(struct errand *e, struct err *err);
int cps_read_start(struct errand *e, struct err *err);         /* read.c */
int cps_enrollment_start(struct errand *e, struct err *err);
int cps_create_start(struct errand *e, struct err *err);       /* create.c */
int cps_update_start(struct errand *e, struct err *err);       /* update.c */
int cps_delete_start(struct errand *e, struct err *err);       /* remove.c */
int cps_cancel_start(struct errand *e, struct err *err);
int cps_schedule_start(struct errand *e, struct err *err);

/* {"text","warnings":[{"code","text"}],"digest":"text-sha256:…"}; gives. */
json_t *cps_warnings_json(const char *text);

#endif
