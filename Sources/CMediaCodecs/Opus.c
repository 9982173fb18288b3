// Opus, over libopus: the variadic controls as functions.
// SPDX-License-Identifier: Apache-2.0
#include <opus/opus.h>
#include <stddef.h>
#include <string.h>

#include "CMediaCodecs.h"

static OpusEncoder *encoder_of(martlet_opus_encoder *encoder) { return (OpusEncoder *)encoder; }
static OpusDecoder *decoder_of(martlet_opus_decoder *decoder) { return (OpusDecoder *)decoder; }

static int status(int error) {
    if (error >= 0) return error;
    switch (error) {
        case OPUS_ALLOC_FAIL: return MARTLET_CODEC_NO_MEMORY;
        case OPUS_BAD_ARG: return MARTLET_CODEC_REFUSED;
        case OPUS_BUFFER_TOO_SMALL: return MARTLET_CODEC_NO_ROOM;
        case OPUS_INVALID_PACKET: return MARTLET_CODEC_DAMAGED;
        default: return MARTLET_CODEC_FAILED;
    }
}

martlet_opus_encoder *martlet_opus_encoder_new(int channels, int is_music) {
    int error = 0;
    int application = is_music ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_VOIP;
    return (martlet_opus_encoder *)opus_encoder_create(48000, channels, application, &error);
}

void martlet_opus_encoder_free(martlet_opus_encoder *encoder) { opus_encoder_destroy(encoder_of(encoder)); }

int martlet_opus_encoder_set_bit_rate(martlet_opus_encoder *encoder, int bits_per_second) {
    return status(opus_encoder_ctl(encoder_of(encoder), OPUS_SET_BITRATE(bits_per_second)));
}

int martlet_opus_encoder_set_loss(martlet_opus_encoder *encoder, int is_fec_on, int loss_percent) {
    int error = opus_encoder_ctl(encoder_of(encoder), OPUS_SET_INBAND_FEC(is_fec_on));
    if (error < 0) return status(error);
    return status(opus_encoder_ctl(encoder_of(encoder), OPUS_SET_PACKET_LOSS_PERC(loss_percent)));
}

int martlet_opus_encoder_set_dtx(martlet_opus_encoder *encoder, int is_on) {
    return status(opus_encoder_ctl(encoder_of(encoder), OPUS_SET_DTX(is_on)));
}

int martlet_opus_encoder_set_complexity(martlet_opus_encoder *encoder, int complexity) {
    return status(opus_encoder_ctl(encoder_of(encoder), OPUS_SET_COMPLEXITY(complexity)));
}

int martlet_opus_encoder_lookahead(martlet_opus_encoder *encoder) {
    opus_int32 samples = 0;
    int error = opus_encoder_ctl(encoder_of(encoder), OPUS_GET_LOOKAHEAD(&samples));
    return error < 0 ? status(error) : samples;
}

int martlet_opus_encoder_encode(martlet_opus_encoder *encoder, const int16_t *samples, int sample_count,
                                uint8_t *out, int capacity) {
    return status(opus_encode(encoder_of(encoder), samples, sample_count, out, capacity));
}

martlet_opus_decoder *martlet_opus_decoder_new(int channels) {
    int error = 0;
    return (martlet_opus_decoder *)opus_decoder_create(48000, channels, &error);
}

void martlet_opus_decoder_free(martlet_opus_decoder *decoder) { opus_decoder_destroy(decoder_of(decoder)); }

// The state is one piece of memory, and a shallow copy of it is enough (opus.h).
martlet_opus_decoder *martlet_opus_decoder_copy(const martlet_opus_decoder *decoder, int channels) {
    martlet_opus_decoder *copy = martlet_opus_decoder_new(channels);
    if (copy) memcpy(copy, decoder, (size_t)opus_decoder_get_size(channels));
    return copy;
}

int martlet_opus_decoder_decode(martlet_opus_decoder *decoder, const uint8_t *packet, int packet_count,
                                int16_t *out, int sample_count, int is_fec) {
    return status(
        opus_decode(decoder_of(decoder), packet, packet ? packet_count : 0, out, sample_count, is_fec));
}

int martlet_opus_packet_samples(const uint8_t *packet, int packet_count) {
    return status(opus_packet_get_nb_samples(packet, packet_count, 48000));
}
