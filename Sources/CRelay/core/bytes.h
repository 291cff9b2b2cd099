// bytes.h: bounded big-endian cursors. Every parser of the core reads through cr_reader and nothing else, every builder
// writes through cr_writer. A failed read leaves the cursor failed and returns zero, so one check at the end suffices.

#ifndef CR_BYTES_H
#define CR_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct cr_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
} cr_reader;

static inline cr_reader cr_reader_make(const uint8_t *bytes, size_t length) {
    return (cr_reader){.at = bytes, .left = length, .failed = false};
}

// The next `count` bytes, or NULL. An empty span is legal and not NULL as long as the cursor holds a buffer.
static inline const uint8_t *cr_read_bytes(cr_reader *reader, size_t count) {
    if (reader->failed || count > reader->left) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += count;
    reader->left -= count;
    return bytes;
}

static inline uint8_t cr_read_u8(cr_reader *reader) {
    const uint8_t *bytes = cr_read_bytes(reader, 1);
    return bytes ? bytes[0] : 0;
}

static inline uint16_t cr_read_u16(cr_reader *reader) {
    const uint8_t *bytes = cr_read_bytes(reader, 2);
    return bytes ? (uint16_t)((uint32_t)bytes[0] << 8 | bytes[1]) : 0;
}

static inline uint32_t cr_read_u32(cr_reader *reader) {
    const uint8_t *bytes = cr_read_bytes(reader, 4);
    return bytes ? (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3] : 0;
}

typedef struct cr_writer {
    uint8_t *start;
    size_t length;
    size_t capacity;
    bool failed;
} cr_writer;

static inline cr_writer cr_writer_make(uint8_t *bytes, size_t capacity) {
    return (cr_writer){.start = bytes, .length = 0, .capacity = capacity, .failed = false};
}

static inline size_t cr_writer_room(const cr_writer *writer) {
    return writer->failed ? 0 : writer->capacity - writer->length;
}

static inline void cr_write_bytes(cr_writer *writer, const uint8_t *bytes, size_t count) {
    if (writer->failed || count > writer->capacity - writer->length) {
        writer->failed = true;
        return;
    }
    if (count > 0) memcpy(writer->start + writer->length, bytes, count);
    writer->length += count;
}

static inline void cr_write_u8(cr_writer *writer, uint8_t value) {
    cr_write_bytes(writer, &value, 1);
}

static inline void cr_write_u16(cr_writer *writer, uint16_t value) {
    cr_write_bytes(writer, (const uint8_t[2]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static inline void cr_write_u32(cr_writer *writer, uint32_t value) {
    cr_write_bytes(writer,
                   (const uint8_t[4]){(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                                      (uint8_t)value},
                   4);
}

// Overwrites two bytes already written, for a length known only at the end.
static inline void cr_write_u16_at(cr_writer *writer, size_t position, uint16_t value) {
    if (writer->failed || position + 2 > writer->length) {
        writer->failed = true;
        return;
    }
    writer->start[position] = (uint8_t)(value >> 8);
    writer->start[position + 1] = (uint8_t)value;
}

#endif
