/* Everything that is said to SQLite after the tables stand. */
#include "solver/store/sqlite.h"

const char *const sqlite_text[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_PUT_CHALLENGE] =
		"INSERT INTO challenges (id, order_id, client, type, state, identifier, wildcard, token, key_authorization,"
		" value, record_name, account_uri, fqdn, zone, provider, handle, reason, verdict, created_ms, deadline_ms,"
		" expires_ms, updated_ms, within_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET order_id = excluded.order_id, client = excluded.client,"
		" type = excluded.type, state = excluded.state, identifier = excluded.identifier,"
		" wildcard = excluded.wildcard, token = excluded.token, key_authorization = excluded.key_authorization,"
		" value = excluded.value, record_name = excluded.record_name,"
		" account_uri = excluded.account_uri, fqdn = excluded.fqdn, zone = excluded.zone, provider = excluded.provider,"
		" handle = excluded.handle, reason = excluded.reason, verdict = ifnull(excluded.verdict, verdict),"
		" created_ms = excluded.created_ms, deadline_ms = excluded.deadline_ms,"
		" expires_ms = excluded.expires_ms, updated_ms = excluded.updated_ms, within_ms = excluded.within_ms",
	[SQL_ADD_EVENT] =
		"INSERT INTO events (challenge, number, at_ms, state, text)"
		" SELECT c.number, 1 + ifnull((SELECT max(e.number) FROM events e WHERE e.challenge = c.number), 0), ?2, ?3, ?4"
		" FROM challenges c WHERE c.id = ?1",
	[SQL_PUT_ORDER] =
		"INSERT INTO orders (id, client, callback_url, callback_secret, callback_result, label, created_ms, announced)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET client = excluded.client, callback_url = excluded.callback_url,"
		" callback_secret = excluded.callback_secret, callback_result = excluded.callback_result,"
		" label = excluded.label, created_ms = excluded.created_ms, announced = excluded.announced",
	[SQL_DELETE_EVENTS] = "DELETE FROM events WHERE challenge = (SELECT number FROM challenges WHERE id = ?)",
	[SQL_DELETE_CHALLENGE] = "DELETE FROM challenges WHERE id = ?",
	[SQL_DELETE_ORDER] = "DELETE FROM orders WHERE id = ?",
	[SQL_LOAD_CHALLENGES] =
		"SELECT number, id, order_id, client, type, state, identifier, wildcard, token, key_authorization, value,"
		" record_name, account_uri, fqdn, zone, provider, handle, reason, verdict, created_ms, deadline_ms, expires_ms, updated_ms,"
		" within_ms"
		" FROM challenges ORDER BY number",
	[SQL_LOAD_EVENTS] = "SELECT challenge, at_ms, state, text FROM events ORDER BY challenge, number",
	[SQL_LOAD_ORDERS] =
		"SELECT number, id, client, callback_url, callback_secret, callback_result, label, created_ms, announced"
		" FROM orders ORDER BY number",
	[SQL_PUT_CLIENT] =
		"INSERT OR REPLACE INTO clients (name, token_digest, grants, created_ms, revoked) VALUES (?, ?, ?, ?, ?)",
	[SQL_EACH_CLIENT] = "SELECT name, token_digest, grants, created_ms, revoked FROM clients ORDER BY name",
	[SQL_PUT_SETTING] = "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)",
	[SQL_GET_SETTING] = "SELECT value FROM settings WHERE key = ?",
	[SQL_GET_VERDICT] = "SELECT number, verdict FROM challenges WHERE id = ?",
	[SQL_GET_EVENTS] = "SELECT challenge, at_ms, state, text FROM events WHERE challenge = ? ORDER BY number",
	[SQL_DELETE_SETTING] = "DELETE FROM settings WHERE key = ?",
	[SQL_EACH_SETTING] = "SELECT key, value FROM settings WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
	[SQL_ADD_AUDIT] =
		"INSERT INTO audit (number, at_ms, line, digest)"
		" SELECT ?1, ?2, ?3, ?4 WHERE ?1 = 1 + ifnull((SELECT max(number) FROM audit), 0)",
	[SQL_EACH_AUDIT] = "SELECT number, at_ms, line, digest FROM audit WHERE number > ? ORDER BY number LIMIT ?",
	[SQL_LAST_AUDIT] = "SELECT number, at_ms, line, digest FROM audit ORDER BY number DESC LIMIT 1",
	[SQL_PUT_ACCOUNT] =
		"INSERT OR REPLACE INTO accounts (subdomain, username, password_hash, allow_from, created_ms, revoked)"
		" VALUES (?, ?, ?, ?, ?, ?)",
	[SQL_EACH_ACCOUNT] =
		"SELECT subdomain, username, password_hash, allow_from, created_ms, revoked FROM accounts ORDER BY subdomain",
};
