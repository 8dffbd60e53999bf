/* What a row holds as one number, so that a bit that flipped on the disk is found when the row is read. Private to this folder.
 *
 * Every row of the tables below has the digest of its columns beside it, and the table `tally` has the number of rows and the sum
 * of their digests for each table (kept by triggers): a row that changed does not fit its digest, one that is missing or doubled
 * leaves the sum wrong. The audit log has its own chain instead (api/audit_chain.h). This finds errors, not forgers.
 */
#ifndef SOLVER_STORE_DIGEST_H
#define SOLVER_STORE_DIGEST_H

#include <sqlite3.h>
#include <stdint.h>

#define DIGEST_MASK INT64_C(0x3fffffffffffffff) /* SQLite's arithmetic overflows at 63 bits: two digests have room */

/* The columns of each table that count, in the order in which they are digested; `p` is put before each. A migration that adds one
 * adds it here: all digests are made anew after it. */
#define ORDER_COLUMNS(p) \
	p "id, " p "client, " p "callback_url, " p "callback_secret, " p "callback_result, " p "label, " p "created_ms, " p "announced, " \
	p "challenges, " p "reason, " p "deadline_ms, " p "expires_ms, " p "let_go_ms"
#define CHALLENGE_COLUMNS(p, verdict) \
	p "id, " p "order_id, " p "client, " p "type, " p "state, " p "identifier, " p "wildcard, " p "token, " p "key_authorization, " \
	p "value, " p "record_name, " p "account_uri, " p "fqdn, " p "zone, " p "provider, " p "handle, " p "reason, " verdict ", " \
	p "created_ms, " p "deadline_ms, " p "expires_ms, " p "updated_ms, " p "within_ms, " p "sites"
#define EVENT_COLUMNS "challenge, number, at_ms, state, text"
#define CLIENT_COLUMNS(p) p "name, " p "token_digest, " p "grants, " p "created_ms, " p "revoked"
#define SETTING_COLUMNS(p) p "key, " p "value"
#define ACCOUNT_COLUMNS(p) p "subdomain, " p "username, " p "password_hash, " p "allow_from, " p "created_ms, " p "revoked"

#define DIGEST(columns) "dcvd_digest(" columns ")"

/* Makes the SQL functions dcvd_digest(…) and dcvd_sum(digest) known to the connection; SQLite's code. */
int digest_register(sqlite3 *db);
/* The sum with one more. */
int64_t digest_add(int64_t sum, int64_t digest);

#endif
