/* Public suffixes of the ICANN section (publicsuffix.org), from the newest list on the machine. */
#ifndef SOLVER_VERDICT_SUFFIX_H
#define SOLVER_VERDICT_SUFFIX_H

/* The longest ICANN suffix that `name` is or ends in; NULL when there is none. Borrowed from `name`. */
const char *suffix_of(const char *name);

#endif
