/* Sites: where providers write, so that a record is withdrawn from where it stands although the configuration has changed. Private to
 * the engine.
 *
 * A site is the type of a provider and the options that say where it writes ("rfc2136 server=192.0.2.1"), without secrets: it stands
 * in the journal. A key that was exchanged or a provider that got another name leads to the same site. A challenge lists the sites
 * that it was written to; each is crossed out when the record was removed there, or when nothing can have arrived there.
 */
#ifndef SOLVER_ENGINE_SITE_H
#define SOLVER_ENGINE_SITE_H

#include <stdbool.h>

#include "providers/provider.h"
#include "solver/challenge/challenge.h"

struct entry;

/* Gives (free with free). */
char *site_text(const struct provider_api *api, const void *options);
bool site_is_listed(const struct challenge *c, const char *site);
bool site_is_last(const struct challenge *c, const char *site);
/* Appends it; moves it there when it is listed. */
void site_add(struct challenge *c, const char *site);
/* Another challenge left it to this one: it is withdrawn from last. */
void site_inherit(struct challenge *c, const char *site, bool doubtful);
/* The one to withdraw from next; gives (free with free), NULL when none is listed. */
char *site_last(const struct challenge *c);
void site_drop_last(struct challenge *c);
/* The next update goes to another site. */
void site_leave(struct entry *n);
/* No update was ever confirmed at the last one: the record may stand there, and nobody saw it. */
bool site_is_doubtful(const struct entry *n);

#endif
