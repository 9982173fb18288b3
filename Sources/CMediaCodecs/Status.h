// What the files of this target share: the answers of FFmpeg in ours, and silence.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIACODECS_STATUS_H
#define MARTLET_CMEDIACODECS_STATUS_H

#include <libavcodec/avcodec.h>

#include "CMediaCodecs.h"

// What hostile input makes FFmpeg write would fill the log of whoever runs it. For this context every message counts as less than
// the least important one (56; the sum must stay below 256). What is written without a context is written at the process's
// level, which is set to silence unless somebody has chosen another than FFmpeg's default.
static inline void martlet_silence(AVCodecContext *context) {
    context->log_level_offset = 190;
    if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
}

// An answer of FFmpeg's to settings or pictures of our own.
static inline int martlet_status(int error) {
    if (error >= 0) return error;
    if (error == AVERROR(ENOMEM)) return MARTLET_CODEC_NO_MEMORY;
    if (error == AVERROR(EINVAL)) return MARTLET_CODEC_REFUSED;
    return MARTLET_CODEC_FAILED;
}

// An answer of FFmpeg's to bytes from elsewhere.
static inline int martlet_input_status(int error) {
    if (error >= 0) return error;
    return error == AVERROR(ENOMEM) ? MARTLET_CODEC_NO_MEMORY : MARTLET_CODEC_DAMAGED;
}

#endif
