// Which encoder makes which codec.
// SPDX-License-Identifier: Apache-2.0
#include "VideoEncoder.h"

#include <stdlib.h>

struct martlet_video_encoder {
    martlet_video_settings settings;
    x264_face *x264;  // one of the two
    vpx_face *vpx;
};

martlet_video_encoder *martlet_video_encoder_new(martlet_video_settings settings, int *status) {
    *status = MARTLET_CODEC_NO_MEMORY;
    martlet_video_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    encoder->settings = settings;
    switch (settings.codec) {
        case MARTLET_CODEC_H264: encoder->x264 = x264_face_new(settings, status); break;
        case MARTLET_CODEC_VP8:
        case MARTLET_CODEC_VP9: encoder->vpx = vpx_face_new(settings, status); break;
        default: *status = MARTLET_CODEC_NOT_IN_BUILD;
    }
    if (encoder->x264 || encoder->vpx) return encoder;
    free(encoder);
    return NULL;
}

void martlet_video_encoder_free(martlet_video_encoder *encoder) {
    if (encoder->x264) x264_face_free(encoder->x264);
    if (encoder->vpx) vpx_face_free(encoder->vpx);
    free(encoder);
}

int martlet_video_encoder_set_rate(martlet_video_encoder *encoder, int bits_per_second, int frame_rate) {
    return encoder->x264 ? x264_face_set_rate(encoder->x264, bits_per_second, frame_rate)
                         : vpx_face_set_rate(encoder->vpx, bits_per_second, frame_rate);
}

int martlet_video_encoder_encode(martlet_video_encoder *encoder, martlet_const_planes from,
                                 int64_t timestamp_microseconds, int is_keyframe_wanted, martlet_encoded *out) {
    if (from.width != encoder->settings.width || from.height != encoder->settings.height)
        return MARTLET_CODEC_REFUSED;
    return encoder->x264
               ? x264_face_encode(encoder->x264, from, is_keyframe_wanted, out)
               : vpx_face_encode(encoder->vpx, from, timestamp_microseconds, is_keyframe_wanted, out);
}
