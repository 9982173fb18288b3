// Sound of another rate or number of channels, over libswresample.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <stdlib.h>

#include "Status.h"

struct martlet_sound_converter {
    SwrContext *context;
    int rate_out;
};

martlet_sound_converter *martlet_sound_converter_new(int rate_in, int channels_in, int rate_out, int channels_out) {
    martlet_sound_converter *converter = calloc(1, sizeof *converter);
    if (!converter) return NULL;
    converter->rate_out = rate_out;
    AVChannelLayout in, out;
    av_channel_layout_default(&in, channels_in);
    av_channel_layout_default(&out, channels_out);
    int error = swr_alloc_set_opts2(&converter->context, &out, AV_SAMPLE_FMT_S16, rate_out, &in, AV_SAMPLE_FMT_S16,
                                    rate_in, 0, NULL);
    if (error >= 0) {
        av_opt_set_int(converter->context, "log_level_offset", 190, 0);
        // As loud as it was: libswresample would take 3 dB from a voice that goes to both sides.
        static const double to_both[2] = {1, 1}, to_one[2] = {0.5, 0.5};
        if (channels_in < channels_out) error = swr_set_matrix(converter->context, to_both, 1);
        if (channels_in > channels_out) error = swr_set_matrix(converter->context, to_one, 2);
    }
    if (error >= 0) error = swr_init(converter->context);
    if (error >= 0) return converter;
    martlet_sound_converter_free(converter);
    return NULL;
}

void martlet_sound_converter_free(martlet_sound_converter *converter) {
    swr_free(&converter->context);
    free(converter);
}

int martlet_sound_converter_capacity(martlet_sound_converter *converter, int sample_count) {
    return martlet_status(swr_get_out_samples(converter->context, sample_count));
}

int64_t martlet_sound_converter_delay(martlet_sound_converter *converter) {
    return swr_get_delay(converter->context, converter->rate_out);
}

int martlet_sound_converter_convert(martlet_sound_converter *converter, const int16_t *samples,
                                    int sample_count, int16_t *out, int capacity) {
    uint8_t *outputs[1] = {(uint8_t *)out};
    const uint8_t *inputs[1] = {(const uint8_t *)samples};
    return martlet_status(
        swr_convert(converter->context, outputs, capacity, samples ? inputs : NULL, samples ? sample_count : 0));
}
