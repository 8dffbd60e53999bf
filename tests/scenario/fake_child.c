/* solver/net/child.h: no scenario runs a program. */
#include "solver/net/child.h"

int child_start(struct loop *l, const struct child_request *request,
                void (*done)(const struct child_result *result, const struct err *err, void *arg), void *arg, struct err *err)
{
	(void)l, (void)request, (void)done, (void)arg;
	return err_set(err, ERR_UNSUPPORTED, "there are no programs in a scenario");
}
