/* links: dcvd_net */
/* Revocation lists from files, and certificates of TLS clients against a good list. The first byte chooses: soft or not, list or
 * certificate. A list that its issuer did not sign lets nobody pass, nor does a certificate that the CA did not. */
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/net/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS 1800000000000 /* the certificates below are valid from 2026 on for a hundred years */

static const char ca_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBJjCB2aADAgECAhQ6fmYvVtEes7hJ65xFSCplgrZ5WTAFBgMrZXAwEjEQMA4G\n"
	"A1UEAwwHY2EudGVzdDAgFw0yNjExMjYwMDA0MzVaGA8yMTI2MTEwMjAwMDQzNVow\n"
	"EjEQMA4GA1UEAwwHY2EudGVzdDAqMAUGAytlcAMhAL6Onx5BoS3hBTOoUMfgs9CO\n"
	"qlmMIoXNiWfLmcd9Dz+4oz8wPTAPBgNVHRMBAf8EBTADAQH/MAsGA1UdDwQEAwIB\n"
	"BjAdBgNVHQ4EFgQU7fVv7YSDnh6LWPelL3MROsW2n+8wBQYDK2VwA0EAzNojsAHf\n"
	"pOOCchchDzDhZI0s1fp0p6fB8oxiwE8NIeTLtjM7UK+Y3H+z5s58CV1aibu3Qp/J\n"
	"LVdf5PNCJFw2AA==\n"
	"-----END CERTIFICATE-----\n";
static const char leaf_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBLjCB4aADAgECAgIQADAFBgMrZXAwEjEQMA4GA1UEAwwHY2EudGVzdDAgFw0y\n"
	"NjExMjYwMDA0MzVaGA8yMTI2MTEwMjAwMDQzNVowFDESMBAGA1UEAwwJbGVhZi50\n"
	"ZXN0MCowBQYDK2VwAyEAYkewNPq74MUcPNkueg6PQPQytCCP22wiTYkIINk0gmWj\n"
	"VzBVMBMGA1UdJQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQWBBRv5vFp9+eDYQ3xNI8H\n"
	"xm33C3Ye9jAfBgNVHSMEGDAWgBTt9W/thIOeHotY96UvcxE6xbaf7zAFBgMrZXAD\n"
	"QQCuC8gI7bGHxcvSdB0padF1tsgg4CWvrBhhwLayv8/Xy9rmsDKV9hoexkPizGhw\n"
	"L3hYFW71G+D0tsg33TG4KRgN\n"
	"-----END CERTIFICATE-----\n";
static const char list_pem[] =
	"-----BEGIN X509 CRL-----\n"
	"MIGaME4CAQEwBQYDK2VwMBIxEDAOBgNVBAMMB2NhLnRlc3QXDTI2MTEyNjAwMDQz\n"
	"NVoYDzIxMjYxMTAyMDAwNDM1WqAOMAwwCgYDVR0UBAMCAQEwBQYDK2VwA0EA5DtG\n"
	"ezMSGyAnhF+eXo+3jS5y0IArRXreE6Ib8osMo0SiaEYHwqyzhZ7+gX/DVXxn6y98\n"
	"Z8f5I9cAK2sMV13EDg==\n"
	"-----END X509 CRL-----\n";

/* A file without a place; `path` names it. */
static int file_make(const void *bytes, size_t size, char path[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* The leaf as DER. */
static struct revocation_certificate leaf_read(void)
{
	static struct revocation_certificate leaf;
	BIO *bio = BIO_new_mem_buf(leaf_pem, -1);
	X509 *x = leaf.der ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

	if (x)
		leaf.size = (size_t)i2d_X509(x, (unsigned char **)(uintptr_t)&leaf.der);
	X509_free(x);
	BIO_free(bio);
	return leaf;
}

static bool is_signed(const void *bytes, size_t size)
{
	BIO *ca_bio = BIO_new_mem_buf(ca_pem, -1), *bio = BIO_new_mem_buf(bytes, (int)size);
	X509 *ca = PEM_read_bio_X509(ca_bio, NULL, NULL, NULL);
	X509_CRL *list;
	bool found = false;

	while (!found && (list = PEM_read_bio_X509_CRL(bio, NULL, NULL, (void *)(uintptr_t)""))) {
		found = X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1;
		X509_CRL_free(list);
	}
	if (!found && BIO_reset(bio) == 1 && (list = d2i_X509_CRL_bio(bio, NULL))) {
		found = X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1;
		X509_CRL_free(list);
	}
	X509_free(ca);
	BIO_free(bio);
	BIO_free(ca_bio);
	return found;
}

static bool passes(const void *list, size_t list_size, bool soft, const struct revocation_certificate *chain)
{
	char ca_path[32], list_path[32], why[REVOCATION_WHY_SIZE] = "", *const files[] = { list_path, NULL };
	int ca = file_make(ca_pem, strlen(ca_pem), ca_path), fd = file_make(list, list_size, list_path);
	struct revocation *r = NULL;
	struct err err = { 0 };
	bool is = false;

	if (revocation_open(ca_path, files, 1, soft, &r, &err) == 0)
		is = revocation_passes(r, chain, 1, NOW_MS, why);
	if (!is && !*err.text && !*why)
		abort();
	revocation_free(r);
	close(fd);
	close(ca);
	return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct revocation_certificate leaf = leaf_read(), own = { data + 1, size - 1 };
	bool soft;

	if (size < 1)
		return 0;
	soft = data[0] & 1;
	if (data[0] & 2) {
		bool same = own.size >= leaf.size && memcmp(own.der, leaf.der, leaf.size) == 0;

		if (passes(list_pem, strlen(list_pem), soft, &own) && !same && !soft)
			abort();
	} else if (passes(own.der, own.size, soft, &leaf) && !soft && !is_signed(own.der, own.size)) {
		abort();
	}
	return 0;
}
