// certificate.h: the inside of cc_certificate, shared by certificate.c and dtls.c only.

#ifndef CC_CERTIFICATE_H
#define CC_CERTIFICATE_H

#include "ccrypto.h"

#include <openssl/ssl.h>

struct cc_certificate {
    SSL_CTX *server;
    SSL_CTX *client;
    uint8_t fingerprint[32];
};

#endif
