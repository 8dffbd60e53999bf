/* Checks of texts in option rows: what is wrong, in words, or NULL. */
#ifndef SOLVER_CONF_CHECK_H
#define SOLVER_CONF_CHECK_H

const char *check_listen(const char *text);         /* "address:port", "[v6]:port", "port" */
const char *check_server(const char *text);         /* "address", "address:port", "[v6]:port" */
const char *check_url(const char *text);            /* http or https, with a host */
const char *check_domain(const char *text);
const char *check_suffix(const char *text);         /* a domain, "" or "*" */
const char *check_challenge_type(const char *text); /* "dns-01" or "http-01" */
const char *check_name(const char *text);           /* of a provider or a callback secret */
const char *check_contract(const char *text);       /* of Akamai */
const char *check_warning(const char *text);        /* a code of CPS, or "text-sha256:<64 digits>" */
const char *check_header(const char *text);         /* the value of an HTTP header */
const char *check_stub_zone(const char *text);      /* "zone address[@port]" */
const char *check_network(const char *text);        /* "10.0.0.0/8", "fd00::/8", or an address */

#endif
