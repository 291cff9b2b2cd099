// certificate_pem.h: makes the certificate of `--tls-self-signed`.

#ifndef CC_CERTIFICATE_PEM_H
#define CC_CERTIFICATE_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CC_CERTIFICATE_PEM_BYTES 8192  // a P-256 key and a certificate with thirty names are under 4 kB

// A new ECDSA P-256 key (PKCS 8) and its self-signed certificate, one PEM text, NUL-terminated. `names` are subject
// alternative names as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". False: a name is malformed, the text does not
// fit `capacity`, or OpenSSL is out of memory or random bytes.
bool cc_certificate_pem_create(const char *names, long valid_seconds, char *out, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
