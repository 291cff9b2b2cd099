// Datagrams out of a byte stream, in whatever pieces it comes.

#include "../../Sources/CRelay/core/deframe.h"
#include "check.h"

enum { STUN_BYTES = 28, DTLS_BYTES = 13 };

static void put_length(uint8_t *out, size_t length) {
    out[0] = (uint8_t)(length >> 8);
    out[1] = (uint8_t)length;
}

// A STUN message, a null packet, a DTLS record, the longest datagram there is, and a DTLS record again.
static size_t write_stream(uint8_t *out) {
    size_t lengths[] = {STUN_BYTES, 0, DTLS_BYTES, CR_PACKET_BYTES, DTLS_BYTES}, at = 0;
    for (size_t number = 0; number < sizeof lengths / sizeof lengths[0]; number++) {
        put_length(out + at, lengths[number]);
        for (size_t index = 0; index < lengths[number]; index++) out[at + 2 + index] = (uint8_t)(index + number);
        if (number == 0) memcpy(out + at + 2, (uint8_t[8]){0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42}, 8);
        if (number > 0 && lengths[number] > 0) out[at + 2] = 22;
        at += 2 + lengths[number];
    }
    return at;
}

typedef struct sink {
    cr_pool pool;
    cr_deframer deframer;
    cr_deframe_status bad;
    size_t count, lost;
    uint32_t lengths[8];
    uint8_t last[8];
} sink;

static void feed(sink *sink, const uint8_t *bytes, size_t length) {
    cr_reader reader = cr_reader_make(bytes, length);
    cr_packet *packet;
    cr_deframe_status status;
    while ((status = cr_deframe(&sink->deframer, &sink->pool, &reader, &packet)) != CR_DEFRAME_MORE) {
        if (status == CR_DEFRAME_LOST) {
            sink->lost++;
        } else if (status == CR_DEFRAME_PACKET) {
            sink->last[sink->count] = packet->data[packet->length - 1];
            sink->lengths[sink->count++] = packet->length;
            cr_packet_release(&sink->pool, packet);
        } else {
            sink->bad = status;
            return;
        }
    }
    CHECK_EQ(reader.left, 0);
}

static void end(sink *sink) {
    cr_deframer_reset(&sink->deframer, &sink->pool);
    CHECK_EQ(sink->pool.in_use, 0);
    cr_pool_destroy(&sink->pool);
}

static void check_stream(const sink *sink) {
    CHECK_EQ(sink->bad, CR_DEFRAME_MORE);
    CHECK_EQ(sink->count, 4);
    CHECK_EQ(sink->lengths[0], STUN_BYTES);
    CHECK_EQ(sink->lengths[1], DTLS_BYTES);
    CHECK_EQ(sink->lengths[2], CR_PACKET_BYTES);
    CHECK_EQ(sink->lengths[3], DTLS_BYTES);
    CHECK_EQ(sink->last[1], DTLS_BYTES - 1 + 2);
    CHECK_EQ(sink->last[2], (uint8_t)(CR_PACKET_BYTES - 1 + 3));
}

TEST(deframe_split_at_every_byte) {
    static uint8_t stream[4096];
    size_t length = write_stream(stream);
    for (size_t split = 0; split <= length; split++) {
        sink sink = {0};
        cr_pool_create(&sink.pool, 4);
        feed(&sink, stream, split);
        feed(&sink, stream + split, length - split);
        check_stream(&sink);
        end(&sink);
    }
}

TEST(deframe_byte_by_byte) {
    static uint8_t stream[4096];
    size_t length = write_stream(stream);
    sink sink = {0};
    cr_pool_create(&sink.pool, 4);
    for (size_t index = 0; index < length; index++) feed(&sink, stream + index, 1);
    check_stream(&sink);
    end(&sink);
}

static cr_deframe_status status_of(size_t length, bool after_stun) {
    static uint8_t stream[4096];
    sink sink = {0};
    cr_pool_create(&sink.pool, 4);
    if (after_stun) feed(&sink, stream, write_stream(stream));
    memset(stream, 0, sizeof stream);
    put_length(stream, length);
    feed(&sink, stream, length > CR_PACKET_BYTES ? 2 : 2 + length);
    cr_deframe_status status = sink.bad;
    end(&sink);
    return status;
}

TEST(deframe_refuses_lengths_that_no_datagram_has) {
    CHECK_EQ(status_of(CR_PACKET_BYTES + 1, true), CR_DEFRAME_MALFORMED);
    CHECK_EQ(status_of(UINT16_MAX, false), CR_DEFRAME_MALFORMED);
    CHECK_EQ(status_of(CR_TCP_MIN_FRAME_BYTES - 1, true), CR_DEFRAME_MALFORMED);
    CHECK_EQ(status_of(CR_TCP_MIN_FRAME_BYTES, true), CR_DEFRAME_MORE);
    CHECK_EQ(status_of(CR_PACKET_BYTES, true), CR_DEFRAME_MORE);
}

TEST(deframe_begins_with_stun) {
    static uint8_t stream[4096];
    size_t length = write_stream(stream);
    for (size_t byte = 2; byte < 10; byte++) {
        if (byte >= 3 && byte < 6) continue;  // type and length are read in Swift
        sink sink = {0};
        cr_pool_create(&sink.pool, 4);
        stream[byte] ^= 0x40;
        feed(&sink, stream, length);
        stream[byte] ^= 0x40;
        CHECK_EQ(sink.bad, CR_DEFRAME_NOT_STUN);
        CHECK_EQ(sink.count, 0);
        end(&sink);
    }
    CHECK_EQ(status_of(CR_PACKET_BYTES, false), CR_DEFRAME_NOT_STUN);
    CHECK_EQ(status_of(CR_TCP_MIN_FRAME_BYTES, false), CR_DEFRAME_NOT_STUN);
}

TEST(deframe_goes_on_after_the_pool_was_empty) {
    static uint8_t stream[4096];
    size_t length = write_stream(stream);
    sink sink = {0};
    cr_pool_create(&sink.pool, 1);
    feed(&sink, stream, STUN_BYTES + 2 + 2);
    cr_packet *taken = cr_pool_take(&sink.pool);
    feed(&sink, stream + STUN_BYTES + 4, 20);
    cr_packet_release(&sink.pool, taken);
    feed(&sink, stream + STUN_BYTES + 24, length - STUN_BYTES - 24);
    CHECK_EQ(sink.bad, CR_DEFRAME_MORE);
    CHECK_EQ(sink.lost, 2);  // the one that was over, and the one that had begun
    CHECK_EQ(sink.count, 2);
    CHECK_EQ(sink.lengths[1], DTLS_BYTES);
    end(&sink);
}
