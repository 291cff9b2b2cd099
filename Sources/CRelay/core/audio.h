// audio.h: how loud a stream was since someone last asked (RFC 6464). Who speaks is decided above.

#ifndef CR_AUDIO_H
#define CR_AUDIO_H

#include "crelay.h"

typedef struct cr_audio {
    uint32_t packets;
    uint32_t active_packets;
    uint32_t active_sum;
    uint8_t loudest;
} cr_audio;

void cr_audio_reset(cr_audio *audio);
void cr_audio_note(cr_audio *audio, uint8_t level);
// Returns the window and begins the next one.
cr_audio_window cr_audio_read(cr_audio *audio);

#endif
