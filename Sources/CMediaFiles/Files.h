// What the files of this target share: the answers of FFmpeg in ours, silence, and what handles are made of.
// SPDX-License-Identifier: Apache-2.0
#ifndef MARTLET_CMEDIAFILES_FILES_H
#define MARTLET_CMEDIAFILES_FILES_H

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdatomic.h>

#include "CMediaFiles.h"

struct martlet_file_stop {
    atomic_int is_set;
};

struct martlet_file_packet {
    AVPacket *packet;  // its times are nanoseconds
    int is_picture;
};

struct martlet_file_parameters {
    AVCodecParameters *parameters;
};

// libavformat writes at the process's level, which is set to silence unless somebody has chosen another than FFmpeg's default:
// hostile input would fill the log of whoever runs it.
static inline void martlet_file_silence(void) {
    if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
}

static inline int martlet_file_status(int error) {
    if (error >= 0) return error;
    switch (error) {
        case AVERROR(ENOMEM): return MARTLET_FILE_NO_MEMORY;
        case AVERROR(ENOENT): return MARTLET_FILE_NOT_FOUND;
        case AVERROR(EACCES):
        case AVERROR(EPERM):
        case AVERROR(EISDIR): return MARTLET_FILE_NO_ACCESS;
        case AVERROR(ETIMEDOUT): return MARTLET_FILE_TIMED_OUT;
        case AVERROR_INVALIDDATA: return MARTLET_FILE_NOT_MEDIA;
        case AVERROR_STREAM_NOT_FOUND: return MARTLET_FILE_NO_STREAMS;
        case AVERROR_DECODER_NOT_FOUND:
        case AVERROR_DEMUXER_NOT_FOUND:
        case AVERROR_MUXER_NOT_FOUND:
        case AVERROR_PROTOCOL_NOT_FOUND: return MARTLET_FILE_NOT_IN_BUILD;
        default: return MARTLET_FILE_FAILED;
    }
}

// Puts FFmpeg's words for an error into `text`, and gives ours.
static inline int martlet_file_explain(int error, char *text) {
    if (error < 0 && text) av_strerror(error, text, MARTLET_FILE_TEXT_BYTES);
    return martlet_file_status(error);
}

#endif
