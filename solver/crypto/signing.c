#include "solver/crypto/signing.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "solver/base/mem.h"

static void bio_freep(BIO **b)
{
	BIO_free(*b);
}

static void key_freep(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void context_freep(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return 0;
}

static int key_read(const char *pem, EVP_PKEY **ret, struct err *err)
{
	CLEANUP(bio_freep) BIO *in = BIO_new_mem_buf(pem, -1);
	CLEANUP(key_freep) EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;

	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519)
		return err_set(err, ERR_INVALID, "it holds no private Ed25519 key in PEM; make one with \"openssl genpkey -algorithm ed25519\"");
	*ret = key;
	key = NULL;
	return 0;
}

static char *text_of(BIO *out)
{
	char *bytes;
	long length = BIO_get_mem_data(out, &bytes);

	return mem_dup_n(bytes, (size_t)length);
}

int signing_key_new(char **ret_pem, struct err *err)
{
	CLEANUP(bio_freep) BIO *out = BIO_new(BIO_s_secmem());
	CLEANUP(key_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (!out || !key || PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
		return err_set(err, ERR_IO, "OpenSSL makes no Ed25519 key");
	*ret_pem = text_of(out);
	return 0;
}

int signing_sign(const char *private_pem, const void *bytes, size_t length, unsigned char ret_signature[SIGNATURE_SIZE], struct err *err)
{
	CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	CLEANUP(key_freep) EVP_PKEY *key = NULL;
	size_t size = SIGNATURE_SIZE;

	if (key_read(private_pem, &key, err) < 0)
		return err->code;
	if (EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 || EVP_DigestSign(context, ret_signature, &size, bytes, length) != 1)
		return err_set(err, ERR_IO, "OpenSSL does not sign with the key");
	return 0;
}

int signing_public(const char *private_pem, char **ret_pem, struct err *err)
{
	CLEANUP(bio_freep) BIO *out = BIO_new(BIO_s_mem());
	CLEANUP(key_freep) EVP_PKEY *key = NULL;

	if (key_read(private_pem, &key, err) < 0)
		return err->code;
	if (!out || PEM_write_bio_PUBKEY(out, key) != 1)
		return err_set(err, ERR_IO, "OpenSSL does not write the public key");
	*ret_pem = text_of(out);
	return 0;
}
