// audio.c: the audio level window. Levels are dBov below zero: a smaller number is louder.

#include "audio.h"

#include "limits.h"

void cr_audio_reset(cr_audio *audio) {
    *audio = (cr_audio){.loudest = CR_AUDIO_SILENCE};
}

void cr_audio_note(cr_audio *audio, uint8_t level) {
    audio->packets++;
    if (level < audio->loudest) audio->loudest = level;
    if (level > CR_AUDIO_ACTIVE_LEVEL) return;
    audio->active_packets++;
    audio->active_sum += level;
}

cr_audio_window cr_audio_read(cr_audio *audio) {
    cr_audio_window window = {
        .packets = audio->packets,
        .active_packets = audio->active_packets,
        .loudest = audio->loudest,
        .mean_active = (float)CR_AUDIO_SILENCE,
    };
    if (audio->active_packets > 0) window.mean_active = (float)audio->active_sum / (float)audio->active_packets;
    cr_audio_reset(audio);
    return window;
}
