// reference.c: see reference.h. A round, timed: read the clock, recvmmsg, open each packet; then for each subscriber
// and packet a new header, the VP8 picture id, histories and counters, and AES-GCM from the shared plain packet straight
// into the send buffer; sendmmsg whenever the batch is full. Without sending there is no kernel at all: packets are
// handed in by a copy, as memory.c hands them to the core.
//
// Left out on purpose, so that the distance is the price of it: demultiplexing and look-ups, replay window, ROC guess,
// layers and keyframes, RTCP, retransmission, pacing and estimation, timers, packet reference counts, IPv6, metrics.

#define _GNU_SOURCE
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PLAIN_HEADER 28u  // 12, and an extension block of four words: MID, abs-send-time, transport-wide number
#define TAG 16u
#define BIGGEST 1500u
#define MOST_PACKETS 8u
#define BATCH_MESSAGES 64u
#define BATCH_BYTES (192u << 10)  // stays in the L2 cache
#define HISTORY 1024u             // packets remembered per subscriber, for NACK and for congestion feedback
#define SLICE_PACKETS 10000u      // forwarded ones; some milliseconds
#define SEND_BUFFER_BYTES (4 << 20)
#define VP8_BYTES 200u            // packets at least so long are video
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103           // linux/udp.h
#endif

// ------------------------------------------------------------------------------------------------------ AES-128-GCM

#if defined(__x86_64__)

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

typedef struct gcm_key_data gcm_key;
static IMB_MGR *manager;

static gcm_key *key_open(const uint8_t *bytes, bool sealing) {
    (void)sealing;
    if (!manager) {
        manager = alloc_mb_mgr(0);
        if (!manager) fail("no ipsec-mb");
        init_mb_mgr_auto(manager, NULL);
    }
    gcm_key *key = aligned_alloc(_Alignof(gcm_key), sizeof *key);
    IMB_AES128_GCM_PRE(manager, bytes, key);
    return key;
}

static void key_close(gcm_key *key) {
    free(key);
}

static void seal(gcm_key *key, const uint8_t *iv, const uint8_t *aad, const uint8_t *text, size_t length,
                 uint8_t *out) {
    struct gcm_context_data context;
    IMB_AES128_GCM_ENC(manager, key, &context, out, text, length, iv, aad, PLAIN_HEADER, out + length, TAG);
}

static bool unseal(gcm_key *key, const uint8_t *iv, const uint8_t *aad, const uint8_t *text, size_t length,
                   uint8_t *out) {
    struct gcm_context_data context;
    uint8_t tag[TAG];
    IMB_AES128_GCM_DEC(manager, key, &context, out, text, length, iv, aad, PLAIN_HEADER, tag, TAG);
    return memcmp(tag, text + length, TAG) == 0;
}

#else

typedef EVP_CIPHER_CTX gcm_key;

static gcm_key *key_open(const uint8_t *bytes, bool sealing) {
    gcm_key *key = EVP_CIPHER_CTX_new();
    EVP_CipherInit_ex(key, EVP_aes_128_gcm(), NULL, bytes, NULL, sealing);
    return key;
}

static void key_close(gcm_key *key) {
    EVP_CIPHER_CTX_free(key);
}

static void seal(gcm_key *key, const uint8_t *iv, const uint8_t *aad, const uint8_t *text, size_t length,
                 uint8_t *out) {
    int written;
    EVP_CipherInit_ex(key, NULL, NULL, NULL, iv, -1);
    EVP_CipherUpdate(key, NULL, &written, aad, PLAIN_HEADER);
    EVP_CipherUpdate(key, out, &written, text, (int)length);
    EVP_CipherFinal_ex(key, out + length, &written);
    EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_GET_TAG, TAG, out + length);
}

static bool unseal(gcm_key *key, const uint8_t *iv, const uint8_t *aad, const uint8_t *text, size_t length,
                   uint8_t *out) {
    int written;
    EVP_CipherInit_ex(key, NULL, NULL, NULL, iv, -1);
    EVP_CipherUpdate(key, NULL, &written, aad, PLAIN_HEADER);
    EVP_CipherUpdate(key, out, &written, text, (int)length);
    EVP_CIPHER_CTX_ctrl(key, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(uintptr_t)(text + length));
    return EVP_CipherFinal_ex(key, out, &written) == 1;
}

#endif

// ------------------------------------------------------------------------------------------------------- subscribers

// What is touched for every packet, in two cache lines.
typedef struct subscriber {
    _Alignas(64) gcm_key *key;
    uint64_t sequence_offset;
    uint8_t salt[12];
    uint32_t ssrc, timestamp_offset;
    uint16_t transport_sequence, picture_offset;
    uint8_t payload_type, mid;
    uint64_t packets, bytes;
    struct sockaddr_in address;
} subscriber;

typedef struct history {
    struct {
        uint32_t slot;
        uint16_t incoming, length;
    } sent[HISTORY];
    struct {
        uint32_t time;
        uint16_t sequence, length;
    } feedback[HISTORY];
} history;

struct reference {
    reference_shape shape;
    subscriber *subscribers;
    history *histories;
    gcm_key *publisher_sealing, *publisher_opening;
    uint8_t publisher_salt[12];
    uint64_t sequence;  // of the publisher's next packet
    int publisher, input, output, watching;
    uint8_t wire[MOST_PACKETS][BIGGEST], incoming[MOST_PACKETS][BIGGEST], plain[MOST_PACKETS][BIGGEST];
    size_t payload_bytes;
    struct mmsghdr in_messages[MOST_PACKETS], messages[BATCH_MESSAGES];
    struct iovec in_vectors[MOST_PACKETS], vectors[BATCH_MESSAGES];
    uint8_t control[CMSG_SPACE(sizeof(uint16_t))];  // of every GSO message: all segments are equal
    uint32_t batched;  // messages
    size_t batch_bytes;
    uint8_t batch[BATCH_BYTES];
};

static void put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at) {
    return get16(at) << 16 | get16(at + 2);
}

static void make_iv(const uint8_t *salt, uint32_t ssrc, uint64_t index, uint8_t *iv) {
    put16(iv, 0);
    put32(iv + 2, ssrc);
    put32(iv + 6, (uint32_t)(index >> 16));
    put16(iv + 10, (uint32_t)index);
    for (int at = 0; at < 12; at++) iv[at] ^= salt[at];
}

// One master key of 16 and 12 bytes per end, the publisher's last.
static void master_of(uint32_t number, uint8_t master[28]) {
    uint64_t state = 0x9E3779B97F4A7C15u * (number + 1);
    for (int at = 0; at < 28; at++) master[at] = (uint8_t)(xorshift(&state) >> 32);
}

// RFC 3711, 4.3: labels 0 and 2.
static void derive(uint32_t number, uint8_t key[16], uint8_t salt[12]) {
    uint8_t master[28], counter[16], zeros[16] = {0};
    master_of(number, master);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written;
    for (int label = 0; label <= 2; label += 2) {
        memset(counter, 0, sizeof counter);
        memcpy(counter, master + 16, 12);
        counter[7] ^= (uint8_t)label;
        EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, master, counter);
        EVP_EncryptUpdate(context, label == 0 ? key : salt, &written, zeros, label == 0 ? 16 : 12);
    }
    EVP_CIPHER_CTX_free(context);
}

// ------------------------------------------------------------------------------------------------------------ round

static void publish(reference *reference) {
    for (uint32_t packet = 0; packet < reference->shape.round_packets; packet++, reference->sequence++) {
        uint8_t plain[BIGGEST], *wire = reference->wire[packet], iv[12];
        memset(plain, 0, sizeof plain);
        uint64_t state = reference->sequence + 1;
        for (size_t at = PLAIN_HEADER; at < reference->shape.rtp_bytes; at++) plain[at] = (uint8_t)xorshift(&state);
        put32(plain, 0x90600000u | (uint16_t)reference->sequence);
        put32(plain + 4, (uint32_t)(reference->sequence * 450u));
        put32(plain + 8, 0x70000000u);
        put32(plain + 12, 0xBEDE0003u);
        if (reference->shape.rtp_bytes >= VP8_BYTES) {
            put16(plain + PLAIN_HEADER, 0x90C0u);  // RFC 7741: extended, picture id of 15 bits
            put16(plain + PLAIN_HEADER + 2, 0x8000u | (reference->sequence & 0x7FFFu));
        }
        make_iv(reference->publisher_salt, 0x70000000u, reference->sequence, iv);
        memcpy(wire, plain, PLAIN_HEADER);
        seal(reference->publisher_sealing, iv, plain, plain + PLAIN_HEADER, reference->payload_bytes,
             wire + PLAIN_HEADER);
        size_t length = reference->shape.rtp_bytes + TAG;
        if (reference->shape.output == REFERENCE_NO_SEND) continue;
        if (send(reference->publisher, wire, length, 0) != (ssize_t)length) fail("send: %s", strerror(errno));
    }
}

static void receive(reference *reference) {
    uint32_t count = reference->shape.round_packets;
    if (reference->shape.output == REFERENCE_NO_SEND) {
        size_t length = reference->shape.rtp_bytes + TAG;
        for (uint32_t packet = 0; packet < count; packet++) {
            memcpy(reference->incoming[packet], reference->wire[packet], length);
        }
    } else if (recvmmsg(reference->input, reference->in_messages, count, MSG_DONTWAIT, NULL) != (int)count) {
        fail("the reference loop received too little");
    }
    for (uint32_t packet = 0; packet < count; packet++) {
        const uint8_t *wire = reference->incoming[packet];
        uint64_t index = reference->sequence - count + packet;
        uint8_t iv[12];
        make_iv(reference->publisher_salt, get32(wire + 8), index, iv);
        memcpy(reference->plain[packet], wire, PLAIN_HEADER);
        if (!unseal(reference->publisher_opening, iv, wire, wire + PLAIN_HEADER, reference->payload_bytes,
                    reference->plain[packet] + PLAIN_HEADER)) {
            fail("the reference loop cannot open a packet");
        }
    }
}

static void flush(reference *reference) {
    uint32_t sent = 0;
    while (reference->shape.output != REFERENCE_NO_SEND && sent < reference->batched) {
        int count = sendmmsg(reference->output, reference->messages + sent, reference->batched - sent, 0);
        if (count <= 0) fail("sendmmsg: %s", strerror(errno));
        sent += (uint32_t)count;
    }
    reference->batched = 0;
    reference->batch_bytes = 0;
}

static void add_message(reference *reference, subscriber *to, uint8_t *bytes, size_t length) {
    struct mmsghdr *message = &reference->messages[reference->batched];
    reference->vectors[reference->batched] = (struct iovec){.iov_base = bytes, .iov_len = length};
    message->msg_hdr.msg_name = &to->address;
    reference->batched++;
}

static void write_header(subscriber *to, const uint8_t *plain, uint64_t sequence, uint32_t now, uint8_t *out) {
    out[0] = 0x90;
    out[1] = (uint8_t)((plain[1] & 0x80u) | to->payload_type);
    put16(out + 2, (uint32_t)sequence);
    put32(out + 4, get32(plain + 4) + to->timestamp_offset);
    put32(out + 8, to->ssrc);
    put32(out + 12, 0xBEDE0003u);
    put16(out + 16, 0x1000u | to->mid);
    put32(out + 18, 0x22000000u | (now & 0xFFFFFFu));
    put32(out + 22, 0x31000000u | (uint32_t)to->transport_sequence << 8);
    put16(out + 26, 0);
}

static size_t forward(reference *reference, uint32_t number, uint32_t packet, uint32_t now, uint8_t *out) {
    subscriber *to = &reference->subscribers[number];
    history *history = &reference->histories[number];
    uint8_t *plain = reference->plain[packet], iv[12];
    uint64_t incoming = reference->sequence - reference->shape.round_packets + packet;
    uint64_t sequence = incoming + to->sequence_offset;
    size_t length = reference->shape.rtp_bytes + TAG;
    write_header(to, plain, sequence, now, out);
    history->sent[sequence % HISTORY].slot = packet;
    history->sent[sequence % HISTORY].incoming = (uint16_t)incoming;
    history->sent[sequence % HISTORY].length = (uint16_t)length;
    history->feedback[to->transport_sequence % HISTORY].time = now;
    history->feedback[to->transport_sequence % HISTORY].sequence = to->transport_sequence;
    history->feedback[to->transport_sequence % HISTORY].length = (uint16_t)length;
    to->transport_sequence++;
    to->packets++;
    to->bytes += length;
    uint8_t *picture = plain + PLAIN_HEADER + 2;
    uint32_t original = get16(picture);
    bool video = reference->shape.rtp_bytes >= VP8_BYTES;
    if (video) put16(picture, 0x8000u | ((original + to->picture_offset) & 0x7FFFu));
    make_iv(to->salt, to->ssrc, sequence, iv);
    seal(to->key, iv, out, plain + PLAIN_HEADER, reference->payload_bytes, out + PLAIN_HEADER);
    if (video) put16(picture, original);
    return length;
}

static void fan_out(reference *reference, uint32_t now) {
    uint32_t count = reference->shape.round_packets;
    uint32_t messages = reference->shape.output == REFERENCE_GSO ? 1 : count;
    size_t needed = count * (reference->shape.rtp_bytes + TAG);
    for (uint32_t number = 0; number < reference->shape.subscribers; number++) {
        subscriber *to = &reference->subscribers[number];
        __builtin_prefetch(to + 2);
        __builtin_prefetch((const uint8_t *)(to + 2) + 64);
        if (reference->batched + messages > BATCH_MESSAGES || reference->batch_bytes + needed > BATCH_BYTES) {
            flush(reference);
        }
        uint8_t *first = reference->batch + reference->batch_bytes;
        for (uint32_t packet = 0; packet < count; packet++) {
            uint8_t *out = reference->batch + reference->batch_bytes;
            size_t length = forward(reference, number, packet, now, out);
            reference->batch_bytes += length;
            if (reference->shape.output != REFERENCE_GSO) add_message(reference, to, out, length);
        }
        if (reference->shape.output == REFERENCE_GSO) add_message(reference, to, first, needed);
    }
    flush(reference);
}

static void run_round(reference *reference, stopwatch *watch) {
    publish(reference);
    stopwatch_start(watch);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    receive(reference);
    fan_out(reference, (uint32_t)now.tv_nsec >> 12);
    stopwatch_stop(watch);
}

uint64_t reference_slice(void *context, stopwatch *watch) {
    reference *reference = context;
    uint32_t round = reference->shape.subscribers * reference->shape.round_packets;
    uint32_t rounds = SLICE_PACKETS > round ? SLICE_PACKETS / round : 1;
    for (uint32_t index = 0; index < rounds; index++) run_round(reference, watch);
    return (uint64_t)rounds * round;
}

// ---------------------------------------------------------------------------------------------------------- opening

static int open_socket(struct sockaddr_in *bound) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof *bound;
    *bound = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)bound, length) != 0 ||
        getsockname(descriptor, (struct sockaddr *)bound, &length) != 0) {
        fail("socket: %s", strerror(errno));
    }
    return descriptor;
}

static void open_sockets(reference *reference, struct sockaddr_in *watched) {
    struct sockaddr_in input, ignored;
    reference->input = open_socket(&input);
    reference->publisher = open_socket(&ignored);
    if (connect(reference->publisher, (struct sockaddr *)&input, sizeof input) != 0) fail("connect");
    reference->output = open_socket(&ignored);
    setsockopt(reference->output, IPPROTO_IP, IP_MTU_DISCOVER, &(int){IP_PMTUDISC_PROBE}, sizeof(int));
    setsockopt(reference->output, SOL_SOCKET, SO_SNDBUFFORCE, &(int){SEND_BUFFER_BYTES}, sizeof(int));
    reference->watching = open_socket(watched);
}

static void prepare_messages(reference *reference) {
    bool segmented = reference->shape.output == REFERENCE_GSO;
    struct msghdr header = {.msg_control = reference->control, .msg_controllen = sizeof reference->control};
    struct cmsghdr *control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    memcpy(CMSG_DATA(control), &(uint16_t){(uint16_t)(reference->shape.rtp_bytes + TAG)}, sizeof(uint16_t));
    for (uint32_t index = 0; index < BATCH_MESSAGES; index++) {
        reference->messages[index].msg_hdr = (struct msghdr){
            .msg_namelen = sizeof(struct sockaddr_in), .msg_iov = &reference->vectors[index], .msg_iovlen = 1,
            .msg_control = segmented ? reference->control : NULL,
            .msg_controllen = segmented ? sizeof reference->control : 0};
    }
    for (uint32_t index = 0; index < MOST_PACKETS; index++) {
        reference->in_vectors[index] = (struct iovec){.iov_base = reference->incoming[index], .iov_len = BIGGEST};
        reference->in_messages[index].msg_hdr =
            (struct msghdr){.msg_iov = &reference->in_vectors[index], .msg_iovlen = 1};
    }
}

static void prepare_subscriber(reference *reference, uint32_t number, const struct sockaddr_in *address) {
    subscriber *to = &reference->subscribers[number];
    uint8_t key[16];
    derive(number, key, to->salt);
    to->key = key_open(key, true);
    to->sequence_offset = 100 + number;
    to->ssrc = 0x10000000u + number;
    to->timestamp_offset = 0x1000u * number;
    to->picture_offset = (uint16_t)number;
    to->payload_type = 100;
    to->mid = (uint8_t)('0' + number % 10);
    to->address = *address;
}

// No figures without this: libsrtp2 opens what one subscriber's socket gets, and it is what the publisher sent.
static void check(reference *reference) {
    uint32_t number = reference->shape.subscribers / 2;
    subscriber *to = &reference->subscribers[number];
    uint8_t master[28], wire[BIGGEST];
    master_of(number, master);
    srtp_policy_t policy = {.ssrc.type = ssrc_any_inbound, .key = master};
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    srtp_t session;
    srtp_init();  // refuses when somebody else in the process did it already
    if (srtp_create(&session, &policy) != srtp_err_status_ok) fail("no libsrtp2");
    for (int round = 0; round < 10; round++) {
        stopwatch ignored = {0};
        run_round(reference, &ignored);
        for (uint32_t packet = 0; packet < reference->shape.round_packets; packet++) {
            int length = (int)recv(reference->watching, wire, sizeof wire, MSG_DONTWAIT);
            const uint8_t *plain = reference->plain[packet];
            size_t changed = PLAIN_HEADER + (reference->shape.rtp_bytes >= VP8_BYTES ? 4 : 0);
            bool right = length == (int)(reference->shape.rtp_bytes + TAG) &&
                         srtp_unprotect(session, wire, &length) == srtp_err_status_ok && get32(wire + 8) == to->ssrc &&
                         memcmp(wire + changed, plain + changed, reference->shape.rtp_bytes - changed) == 0;
            if (!right) fail("the reference loop sends wrong packets");
        }
    }
    srtp_dealloc(session);
}

reference *reference_open(const reference_shape *shape, const struct sockaddr_in *targets) {
    reference *reference = calloc(1, sizeof *reference);
    struct sockaddr_in watched;
    uint8_t key[16];
    reference->shape = *shape;
    reference->payload_bytes = shape->rtp_bytes - PLAIN_HEADER;
    size_t room = shape->subscribers + 2;  // the prefetch looks two ahead
    reference->subscribers = aligned_alloc(_Alignof(subscriber), room * sizeof *reference->subscribers);
    memset(reference->subscribers, 0, room * sizeof *reference->subscribers);
    reference->histories = calloc(shape->subscribers, sizeof *reference->histories);
    open_sockets(reference, &watched);
    derive(shape->subscribers, key, reference->publisher_salt);
    reference->publisher_sealing = key_open(key, true);
    reference->publisher_opening = key_open(key, false);
    for (uint32_t number = 0; number < shape->subscribers; number++) {
        bool is_watched = !targets || number == shape->subscribers / 2;
        prepare_subscriber(reference, number, is_watched ? &watched : &targets[number]);
    }
    if (shape->output == REFERENCE_NO_SEND) {
        // Sends once, to the one socket that is read: only the subscriber who is looked at.
        struct sockaddr_in nowhere;
        int unread = open_socket(&nowhere);
        for (uint32_t number = 0; number < shape->subscribers; number++) {
            if (number != shape->subscribers / 2) reference->subscribers[number].address = nowhere;
        }
        reference->shape.output = REFERENCE_SENDMMSG;
        prepare_messages(reference);
        check(reference);
        reference->shape.output = REFERENCE_NO_SEND;
        close(unread);
    } else {
        prepare_messages(reference);
        check(reference);
        reference->subscribers[shape->subscribers / 2].address = targets[shape->subscribers / 2];
    }
    return reference;
}

void reference_close(reference *reference) {
    for (uint32_t number = 0; number < reference->shape.subscribers; number++) {
        key_close(reference->subscribers[number].key);
    }
    key_close(reference->publisher_sealing);
    key_close(reference->publisher_opening);
    close(reference->publisher);
    close(reference->input);
    close(reference->output);
    close(reference->watching);
    free(reference->subscribers);
    free(reference->histories);
    free(reference);
}
