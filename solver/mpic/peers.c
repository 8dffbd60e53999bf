#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/secret.h"
#include "solver/crypto/crypto.h"
#include "solver/mpic/internal.h"

#define BLANKS " \t\r"

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void peers_release(struct peers *p)
{
	if (!p || --p->holders)
		return;
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].code);
		free(p->items[i].rir);
		free(p->items[i].url);
		secret_free(p->items[i].token);
	}
	secret_free(p->coordinator_token);
	free(p);
}

/* Where the words of a line begin and how long they are; returns how many there are, at most two. */
static int words_of(const char *line, const char *word[2], size_t length[2])
{
	int count = 0;

	for (line += strspn(line, BLANKS); *line && *line != '\n' && count < 2; line += strspn(line, BLANKS)) {
		word[count] = line;
		length[count] = strcspn(line, BLANKS "\n");
		line += length[count++];
	}
	return count;
}

static struct secret *secret_of(const char *text, size_t length)
{
	char *copy = mem_dup_n(text, length);
	struct secret *secret = secret_new(copy);

	explicit_bzero(copy, length);
	free(copy);
	return secret;
}

/* The token of a line "CODE TOKEN", or of a line that holds a token alone: that is for everybody. Gives. */
static struct secret *token_of(const char *keys, const char *code)
{
	const char *word[2], *token = "", *end;
	size_t length[2], token_length = 0;

	for (const char *line = keys; line && *line; line = end ? end + 1 : NULL) {
		int words = words_of(line, word, length);

		end = strchr(line, '\n');
		if (words == 2 && length[0] == strlen(code) && memcmp(word[0], code, length[0]) == 0)
			return secret_of(word[1], length[1]);
		if (words == 1 && !token_length) {
			token = word[0];
			token_length = length[0];
		}
	}
	return secret_of(token, token_length);
}

static int read_peer(const char *text, const char *keys, struct peer *p, struct err *err)
{
	char code[64], rir[16], url[512], more;

	if (sscanf(text, "%63s %15s %511s %c", code, rir, url, &more) != 3)
		return err_set(err, ERR_INVALID, "perspectives.peers: \"%.80s\" is not \"code RIR url\", as \"eu-west RIPE https://dcvd.example.net:8443\"", text);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://127.", 11) != 0)
		return err_set(err, ERR_INVALID, "perspectives.peers: %.80s must be an https URL", url);
	if (url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	*p = (struct peer){ mem_dup(code), mem_dup(rir), mem_dup(url), token_of(keys, code) };
	return 0;
}

int mpic_check_peer(const char *text, struct err *err)
{
	struct peers *one = mem_new(1, sizeof(*one));
	int code = read_peer(text, "", &one->items[0], err);

	one->holders = 1;
	one->count = code == 0;
	peers_release(one);
	return code;
}

int peers_read(const struct config_perspectives *c, struct peers **ret, struct err *err)
{
	const char *keys = c->keys ? secret_reveal(c->keys) : "";
	struct peers *p = mem_new(1, sizeof(*p));

	p->holders = 1;
	p->coordinator_token = token_of(keys, "coordinator");
	for (char **text = c->peers; text && *text; text++) {
		if (p->count == MPIC_PEERS_MAX)
			err_set(err, ERR_TOO_LARGE, "perspectives.peers holds more than %d", MPIC_PEERS_MAX);
		else if (read_peer(*text, keys, &p->items[p->count], err) == 0 && ++p->count)
			continue;
		peers_release(p);
		return err->code;
	}
	*ret = p;
	return 0;
}

/* ---- who is asked ---- */

bool mpic_has_others(const struct mpic *m)
{
	return m && (m->peers->count || m->parts.config->perspectives.coordinator);
}

struct ranked {
	const struct peer *peer;
	unsigned char rank[SHA256_SIZE];
};

static int by_rank(const void *a, const void *b)
{
	return memcmp(((const struct ranked *)a)->rank, ((const struct ranked *)b)->rank, SHA256_SIZE);
}

/* The last place goes to a peer of a second region when all others are of one. */
static void mix_regions(struct ranked *list, size_t count, size_t wanted)
{
	for (size_t i = 1; i < wanted; i++)
		if (strcmp(list[i].peer->rir, list[0].peer->rir) != 0)
			return;
	for (size_t i = wanted; wanted > 1 && i < count; i++)
		if (strcmp(list[i].peer->rir, list[0].peer->rir) != 0) {
			list[wanted - 1] = list[i];
			return;
		}
}

size_t peers_choose(const struct peers *p, const char *domain, const char *secret, size_t wanted, const struct peer **ret_list)
{
	struct ranked list[MPIC_PEERS_MAX];

	if (!wanted || wanted > p->count)
		wanted = p->count;
	for (size_t i = 0; i < p->count; i++) {
		CLEANUP(mem_freep) char *text = mem_printf("%s %s", p->items[i].code, domain);

		list[i].peer = &p->items[i];
		crypto_hmac_sha256(secret, strlen(secret), text, strlen(text), list[i].rank);
	}
	qsort(list, p->count, sizeof(list[0]), by_rank);
	mix_regions(list, p->count, wanted);
	for (size_t i = 0; i < wanted; i++)
		ret_list[i] = list[i].peer;
	return wanted;
}

int peer_post(struct mpic *m, const char *url, const char *path, const char *token, const json_t *body,
              void (*done)(const struct http_reply *reply, const struct err *err, void *arg), void *arg, struct err *err)
{
	const struct config_perspectives *c = &m->parts.config->perspectives;
	CLEANUP(mem_freep) char *full = mem_printf("%s%s", url, path);
	CLEANUP(mem_freep) char *text = json_dumps(body, JSON_COMPACT);
	char *bearer = mem_printf("Authorization: Bearer %s", token), *key = mem_printf("x-api-key: %s", token);
	const char *const headers[] = { "Content-Type: application/json", bearer, key, NULL };
	const char *const plain[] = { headers[0], NULL };
	const struct http_request request = { .method = "POST", .url = full, .headers = *token ? headers : plain, .body = text,
	                                      .body_length = strlen(text), .max_reply = MPIC_REPLY_MAX,
	                                      .timeout_ms = (int)c->timeout_ms, .ca_file = c->ca_file };
	int code = http_start(m->parts.http, &request, done, arg, NULL, err);

	wipe(bearer);
	wipe(key);
	return code;
}
