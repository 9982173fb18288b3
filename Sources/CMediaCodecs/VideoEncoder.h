// The two kinds of encoder behind martlet_video_encoder.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIACODECS_VIDEOENCODER_H
#define MARTLET_CMEDIACODECS_VIDEOENCODER_H

#include "CMediaCodecs.h"

typedef struct x264_face x264_face;
x264_face *x264_face_new(martlet_video_settings settings, int *status);
void x264_face_free(x264_face *encoder);
int x264_face_set_rate(x264_face *encoder, int bits_per_second, int frame_rate);
int x264_face_encode(x264_face *encoder, martlet_const_planes from, int is_keyframe_wanted, martlet_encoded *out);

typedef struct vpx_face vpx_face;
vpx_face *vpx_face_new(martlet_video_settings settings, int *status);
void vpx_face_free(vpx_face *encoder);
int vpx_face_set_rate(vpx_face *encoder, int bits_per_second, int frame_rate);
int vpx_face_encode(vpx_face *encoder, martlet_const_planes from, int64_t timestamp_microseconds,
                    int is_keyframe_wanted, martlet_encoded *out);

#endif
