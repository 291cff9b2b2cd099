// rtp.c: reads an RTP header with its extensions and writes a new one for a forward. Never looks into a payload.

#include "rtp.h"

#include "bytes.h"
#include "limits.h"

#define RTP_VERSION 2u
#define PROFILE_ONE_BYTE 0xBEDEu  // RFC 8285, 4.2
#define PROFILE_TWO_BYTE 0x1000u  // RFC 8285, 4.3; the low four bits are "appbits"
#define PROFILE_TWO_BYTE_MASK 0xFFF0u
#define ONE_BYTE_STOP 15u         // RFC 8285, 4.2: identifier 15 ends the processing
#define ONE_BYTE_MAX_ID 14u
#define ONE_BYTE_MAX_LENGTH 16u

bool cr_extension_index_make(const cr_extension_map *map, cr_extension_index *out) {
    *out = (cr_extension_index){{0}};
    for (unsigned kind = 0; kind < CR_EXT_COUNT; kind++) {
        uint8_t id = map->ids[kind];
        if (id == 0) continue;
        if (out->kinds[id] != 0) return false;
        out->kinds[id] = (uint8_t)(kind + 1);
    }
    return true;
}

const cr_extension_index *cr_extension_index_local(void) {
    static const cr_extension_index local = {
        .kinds = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    };
    _Static_assert(CR_EXT_COUNT == 12, "one identifier for each extension");
    return &local;
}

// One element of the block. An element that runs past the block ends the reading; what came before stays valid, as a
// receiver that ignored the whole block would (RFC 8285, 4.1.2 makes every element optional to read).
static void note_element(const cr_extension_index *index, uint8_t id, size_t offset, size_t length, cr_rtp *out) {
    uint8_t kind = index->kinds[id];
    if (kind == 0) return;
    out->extensions[kind - 1] = (cr_element){.offset = (uint16_t)offset, .length = (uint8_t)length};
    out->present |= (uint16_t)(1u << (kind - 1));
}

// RFC 8285, 4.2 (one-byte: 4 bits id, 4 bits length - 1) and 4.3 (two-byte: 8 bits id, 8 bits length).
static void parse_elements(const uint8_t *packet, cr_reader block, bool two_byte, const cr_extension_index *index,
                           cr_rtp *out) {
    while (block.left > 0) {
        uint8_t first = cr_read_u8(&block);
        uint8_t id = two_byte ? first : (uint8_t)(first >> 4);
        size_t length;
        if (two_byte) {
            if (id == 0) continue;
            length = cr_read_u8(&block);
        } else {
            // A whole zero byte is padding. Identifier 0 with a length is not legal; its data is skipped (4.2).
            if (first == 0) continue;
            if (id == ONE_BYTE_STOP) return;
            length = (first & 0x0Fu) + 1u;
        }
        const uint8_t *data = cr_read_bytes(&block, length);
        if (block.failed) return;
        if (id != 0) note_element(index, id, (size_t)(data - packet), length, out);
    }
}

bool cr_rtp_parse_header(const uint8_t *bytes, size_t length, const cr_extension_index *index, cr_rtp *out) {
    *out = (cr_rtp){0};
    if (length > CR_PACKET_BYTES) return false;
    cr_reader reader = cr_reader_make(bytes, length);
    uint8_t first = cr_read_u8(&reader);
    uint8_t second = cr_read_u8(&reader);
    out->sequence = cr_read_u16(&reader);
    out->timestamp = cr_read_u32(&reader);
    out->ssrc = cr_read_u32(&reader);
    cr_read_bytes(&reader, 4u * (first & 0x0Fu));  // CSRCs: mixers above us, nothing we forward
    if (first & 0x10u) {
        uint16_t profile = cr_read_u16(&reader);
        size_t block_length = 4u * (size_t)cr_read_u16(&reader);
        const uint8_t *block = cr_read_bytes(&reader, block_length);
        if (!reader.failed && profile == PROFILE_ONE_BYTE) {
            parse_elements(bytes, cr_reader_make(block, block_length), false, index, out);
        } else if (!reader.failed && (profile & PROFILE_TWO_BYTE_MASK) == PROFILE_TWO_BYTE) {
            parse_elements(bytes, cr_reader_make(block, block_length), true, index, out);
        }
    }
    if (reader.failed || first >> 6 != RTP_VERSION) return false;
    out->padded = (first & 0x20u) != 0;
    out->marker = (second & 0x80u) != 0;
    out->payload_type = second & 0x7Fu;
    out->header_length = (uint16_t)(length - reader.left);
    out->payload_length = (uint16_t)reader.left;
    return true;
}

bool cr_rtp_parse_padding(const uint8_t *bytes, size_t length, cr_rtp *rtp) {
    if (length < rtp->header_length) return false;
    size_t payload_length = length - rtp->header_length;
    rtp->padding = 0;
    if (rtp->padded) {
        if (payload_length == 0) return false;
        cr_reader last = cr_reader_make(bytes + length - 1, 1);
        rtp->padding = cr_read_u8(&last);
        if (rtp->padding == 0 || rtp->padding > payload_length) return false;
    }
    rtp->payload_length = (uint16_t)(payload_length - rtp->padding);
    return true;
}

// What a subscriber gets of the publisher's extensions. Transport sequence, send time and the two RIDs describe the
// publisher's own path and encodings and are never carried; MID is the subscriber's own.
#define CARRIED                                                                                                          \
    (1u << CR_EXT_AUDIO_LEVEL | 1u << CR_EXT_ABS_CAPTURE_TIME | 1u << CR_EXT_VIDEO_ORIENTATION |                         \
     1u << CR_EXT_PLAYOUT_DELAY | 1u << CR_EXT_CONTENT_TYPE | 1u << CR_EXT_COLOR_SPACE |                                 \
     1u << CR_EXT_DEPENDENCY_DESCRIPTOR)

typedef struct outgoing_element {
    uint8_t id;
    uint8_t length;
    const uint8_t *bytes;
} outgoing_element;

static size_t collect_elements(const cr_rtp_fields *fields, const cr_rtp *source, const uint8_t *source_bytes,
                               const cr_extension_map *map, outgoing_element *out) {
    size_t count = 0;
    if (map->ids[CR_EXT_MID] != 0 && fields->mid_length > 0) {
        out[count++] = (outgoing_element){map->ids[CR_EXT_MID], fields->mid_length, (const uint8_t *)fields->mid};
    }
    for (uint32_t left = source->present & CARRIED; left != 0; left &= left - 1) {
        uint32_t kind = (uint32_t)__builtin_ctz(left);
        cr_element element = source->extensions[kind];
        uint8_t id = map->ids[kind];
        if (id != 0) out[count++] = (outgoing_element){id, element.length, source_bytes + element.offset};
    }
    return count;
}

// The two-byte form is used only when an element cannot be said in the short one; then for the whole packet.
static bool needs_two_byte(const outgoing_element *elements, size_t count) {
    for (size_t index = 0; index < count; index++) {
        if (elements[index].id > ONE_BYTE_MAX_ID || elements[index].length > ONE_BYTE_MAX_LENGTH ||
            elements[index].length == 0) {
            return true;
        }
    }
    return false;
}

static void write_block(cr_writer *writer, const outgoing_element *elements, size_t count) {
    bool two_byte = needs_two_byte(elements, count);
    cr_write_u16(writer, two_byte ? PROFILE_TWO_BYTE : PROFILE_ONE_BYTE);
    size_t length_at = writer->length;
    cr_write_u16(writer, 0);
    size_t start = writer->length;
    for (size_t index = 0; index < count; index++) {
        const outgoing_element *element = &elements[index];
        // Four bytes of slack: a two-byte element header and the padding to the next word.
        if (cr_writer_room(writer) < element->length + 5u) continue;
        if (two_byte) {
            cr_write_u8(writer, element->id);
            cr_write_u8(writer, element->length);
        } else {
            cr_write_u8(writer, (uint8_t)((uint32_t)element->id << 4 | (element->length - 1u)));
        }
        cr_write_bytes(writer, element->bytes, element->length);
    }
    while ((writer->length - start) % 4 != 0 && !writer->failed) cr_write_u8(writer, 0);
    cr_write_u16_at(writer, length_at, (uint16_t)((writer->length - start) / 4));
}

size_t cr_rtp_write_header(const cr_rtp_fields *fields, const cr_rtp *source, const uint8_t *source_bytes,
                           const cr_extension_map *map, uint8_t *out, size_t capacity) {
    outgoing_element elements[CR_EXT_COUNT];
    size_t count = collect_elements(fields, source, source_bytes, map, elements);
    cr_writer writer = cr_writer_make(out, capacity);
    cr_write_u8(&writer, (uint8_t)(RTP_VERSION << 6 | (fields->padded ? 0x20u : 0u) | (count > 0 ? 0x10u : 0u)));
    cr_write_u8(&writer, (uint8_t)((fields->marker ? 0x80u : 0u) | fields->payload_type));
    cr_write_u16(&writer, fields->sequence);
    cr_write_u32(&writer, fields->timestamp);
    cr_write_u32(&writer, fields->ssrc);
    if (count > 0) write_block(&writer, elements, count);
    return writer.failed ? 0 : writer.length;
}
