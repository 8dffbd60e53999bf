/* Everything that is said to SQLite after the tables stand. */
#include "solver/store/digest.h"
#include "solver/store/sqlite.h"

#define CHALLENGE_PARAMETERS \
	"?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24"
#define ORDER_PARAMETERS "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13"

const char *const sqlite_text[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_COUNT_COMMIT] = "UPDATE journal SET commits = commits + 1",
	[SQL_PUT_CHALLENGE] =
		"INSERT INTO challenges (number, " CHALLENGE_COLUMNS("", "verdict") ", digest)"
		" SELECT n, " CHALLENGE_PARAMETERS ", " DIGEST("n, " CHALLENGE_PARAMETERS)
		" FROM (SELECT 1 + ifnull((SELECT max(number) FROM challenges), 0) AS n) WHERE true"
		" ON CONFLICT (id) DO UPDATE SET order_id = excluded.order_id, client = excluded.client,"
		" type = excluded.type, state = excluded.state, identifier = excluded.identifier,"
		" wildcard = excluded.wildcard, token = excluded.token, key_authorization = excluded.key_authorization,"
		" value = excluded.value, record_name = excluded.record_name,"
		" account_uri = excluded.account_uri, fqdn = excluded.fqdn, zone = excluded.zone, provider = excluded.provider,"
		" handle = excluded.handle, reason = excluded.reason, verdict = ifnull(excluded.verdict, verdict),"
		" created_ms = excluded.created_ms, deadline_ms = excluded.deadline_ms,"
		" expires_ms = excluded.expires_ms, updated_ms = excluded.updated_ms, within_ms = excluded.within_ms, sites = excluded.sites,"
		" digest = " DIGEST("number, " CHALLENGE_COLUMNS("excluded.", "ifnull(excluded.verdict, verdict)")),
	[SQL_ADD_EVENT] =
		"INSERT INTO events (" EVENT_COLUMNS ", digest) SELECT " EVENT_COLUMNS ", " DIGEST(EVENT_COLUMNS) " FROM ("
		"SELECT c.number AS challenge, 1 + ifnull((SELECT max(e.number) FROM events e WHERE e.challenge = c.number), 0) AS number,"
		" ?2 AS at_ms, ?3 AS state, ?4 AS text FROM challenges c WHERE c.id = ?1)",
	[SQL_PUT_ORDER] =
		"INSERT INTO orders (number, " ORDER_COLUMNS("") ", digest)"
		" SELECT n, " ORDER_PARAMETERS ", " DIGEST("n, " ORDER_PARAMETERS)
		" FROM (SELECT 1 + ifnull((SELECT max(number) FROM orders), 0) AS n) WHERE true"
		" ON CONFLICT (id) DO UPDATE SET client = excluded.client, callback_url = excluded.callback_url,"
		" callback_secret = excluded.callback_secret, callback_result = excluded.callback_result,"
		" label = excluded.label, created_ms = excluded.created_ms, announced = excluded.announced,"
		" challenges = excluded.challenges, reason = excluded.reason, deadline_ms = excluded.deadline_ms,"
		" expires_ms = excluded.expires_ms, let_go_ms = excluded.let_go_ms,"
		" digest = " DIGEST("number, " ORDER_COLUMNS("excluded.")),
	[SQL_DELETE_EVENTS] = "DELETE FROM events WHERE challenge = (SELECT number FROM challenges WHERE id = ?)",
	[SQL_DELETE_CHALLENGE] = "DELETE FROM challenges WHERE id = ?",
	[SQL_DELETE_ORDER] = "DELETE FROM orders WHERE id = ?",
	[SQL_LOAD_CHALLENGES] =
		"SELECT number, " CHALLENGE_COLUMNS("", "verdict") ", digest, " DIGEST("number, " CHALLENGE_COLUMNS("", "verdict")) ", "
		DIGEST("number, id") " FROM challenges ORDER BY number",
	[SQL_LOAD_EVENTS] =
		"SELECT challenge, at_ms, state, text, digest, " DIGEST(EVENT_COLUMNS) " FROM events ORDER BY challenge, number",
	[SQL_LOAD_ORDERS] =
		"SELECT number, " ORDER_COLUMNS("") ", digest, " DIGEST("number, " ORDER_COLUMNS("")) ", " DIGEST("number, id")
		" FROM orders ORDER BY number",
	[SQL_PUT_CLIENT] =
		"INSERT INTO clients (" CLIENT_COLUMNS("") ", digest) VALUES (?1, ?2, ?3, ?4, ?5, " DIGEST("?1, ?2, ?3, ?4, ?5") ")"
		" ON CONFLICT (name) DO UPDATE SET token_digest = excluded.token_digest, grants = excluded.grants,"
		" created_ms = excluded.created_ms, revoked = excluded.revoked, digest = excluded.digest",
	[SQL_EACH_CLIENT] = "SELECT name, token_digest, grants, created_ms, revoked FROM clients ORDER BY name",
	[SQL_PUT_SETTING] =
		"INSERT INTO settings (" SETTING_COLUMNS("") ", digest) VALUES (?1, ?2, " DIGEST("?1, ?2") ")"
		" ON CONFLICT (key) DO UPDATE SET value = excluded.value, digest = excluded.digest",
	[SQL_GET_SETTING] = "SELECT value FROM settings WHERE key = ?",
	[SQL_GET_VERDICT] = "SELECT number, verdict FROM challenges WHERE id = ?",
	[SQL_GET_EVENTS] = 
		"SELECT challenge, at_ms, state, text, digest, " DIGEST(EVENT_COLUMNS) " FROM events WHERE challenge = ? ORDER BY number",
	[SQL_DELETE_SETTING] = "DELETE FROM settings WHERE key = ?",
	[SQL_EACH_SETTING] = "SELECT key, value FROM settings WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
	[SQL_ADD_AUDIT] =
		"INSERT INTO audit (number, at_ms, line, digest)"
		" SELECT ?1, ?2, ?3, ?4 WHERE ?1 = 1 + ifnull((SELECT max(number) FROM audit), 0)",
	[SQL_EACH_AUDIT] = "SELECT number, at_ms, line, digest FROM audit WHERE number > ? ORDER BY number LIMIT ?",
	[SQL_LAST_AUDIT] = "SELECT number, at_ms, line, digest FROM audit ORDER BY number DESC LIMIT 1",
	[SQL_TRIM_AUDIT] = "DELETE FROM audit WHERE number <= ? AND number < (SELECT max(number) FROM audit)",
	[SQL_PUT_ACCOUNT] =
		"INSERT INTO accounts (" ACCOUNT_COLUMNS("") ", digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, " DIGEST("?1, ?2, ?3, ?4, ?5, ?6") ")"
		" ON CONFLICT (subdomain) DO UPDATE SET username = excluded.username, password_hash = excluded.password_hash,"
		" allow_from = excluded.allow_from, created_ms = excluded.created_ms, revoked = excluded.revoked, digest = excluded.digest",
	[SQL_EACH_ACCOUNT] =
		"SELECT subdomain, username, password_hash, allow_from, created_ms, revoked FROM accounts ORDER BY subdomain",
};
