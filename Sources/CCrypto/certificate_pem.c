// A self-signed TLS certificate for trying HTTPS on a LAN, as PEM text. The DTLS certificate (certificate.c) is another
// matter: nobody looks at its name, while browsers compare this one's with the address bar.

#include "certificate_pem.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

// The other machine's clock may be a day behind.
static const long valid_from_seconds = -86400L;

static bool add_extension(X509 *certificate, int identifier, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, identifier, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *names, long valid_seconds) {
    uint8_t serial[8];
    if (RAND_bytes(serial, sizeof serial) != 1) return false;
    serial[0] &= 0x7f;  // positive, RFC 5280, 4.1.2.2
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *name = X509_get_subject_name(certificate);
    bool filled =
        number != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), valid_from_seconds) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Hutong trial", -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
        // Browsers read names from here only (RFC 9525), and want the usage said.
        add_extension(certificate, NID_subject_alt_name, names) &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate, NID_ext_key_usage, "serverAuth") && X509_sign(certificate, key, EVP_sha256()) > 0;
    BN_free(number);
    return filled;
}

static bool write_pem(EVP_PKEY *key, X509 *certificate, char *out, size_t capacity) {
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) return false;
    char *text = NULL;
    bool written = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                   PEM_write_bio_X509(bio, certificate) == 1;
    long length = written ? BIO_get_mem_data(bio, &text) : 0;
    written = length > 0 && (size_t)length < capacity;
    if (written) {
        memcpy(out, text, (size_t)length);
        out[length] = '\0';
    }
    BIO_free(bio);
    return written;
}

bool cc_certificate_pem_create(const char *names, long valid_seconds, char *out, size_t capacity) {
    ERR_clear_error();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool made = key != NULL && certificate != NULL && fill(certificate, key, names, valid_seconds) &&
                write_pem(key, certificate, out, capacity);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return made;
}
