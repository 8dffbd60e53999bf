/* File descriptors: what the process may have, and who gets which share, so that a flood at one listener leaves enough for the others,
 * for the journal and for the calls to providers. */
#ifndef SOLVER_BASE_LIMIT_H
#define SOLVER_BASE_LIMIT_H

/* Parts of a hundred. What is left over is for everything else: providers, name servers that are asked, the journal. In a flood an HTTP
 * listener may hold half as many again, which are being closed (solver/guard/connections.h). */
#define LIMIT_SHARE_HTTP 35  /* http.listen */
#define LIMIT_SHARE_HTTPS 8  /* http.tls-listen */
#define LIMIT_SHARE_API 12   /* api.listen and api.tls-listen */
#define LIMIT_SHARE_DNS 5    /* TCP of dns.listen */

/* Raises the soft limit to the hard one. */
void limit_raise_files(void);
/* `wanted`, or as many as `share` hundredths of the limit are, at least one. A cut is logged under `what`. */
unsigned limit_fit(unsigned wanted, unsigned share, const char *what);

#endif
