// Pictures out of H.264, VP8, VP9 and AV1, over libavcodec.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdlib.h>

#include "Status.h"

struct martlet_video_decoder {
    const AVCodec *codec;
    int64_t pixels_max;
    int threads;
    AVCodecContext *context;  // NULL if there was no memory for a new one
    int has_size;             // whether the context has known one
    AVPacket *packet;
    AVFrame *incoming;
    AVFrame *picture;  // what is there to be copied
    struct SwsContext *scaler;
};

static const AVCodec *find(int codec) {
    switch (codec) {
        case MARTLET_CODEC_H264: return avcodec_find_decoder_by_name("h264");
        case MARTLET_CODEC_VP8: return avcodec_find_decoder_by_name("vp8");
        case MARTLET_CODEC_VP9: return avcodec_find_decoder_by_name("vp9");
        case MARTLET_CODEC_AV1: {
            // FFmpeg's own decoder of AV1 works with hardware alone.
            const AVCodec *found = avcodec_find_decoder_by_name("libdav1d");
            return found ? found : avcodec_find_decoder_by_name("libaom-av1");
        }
        default: return NULL;
    }
}

// Makes a context, in place of the one there may be.
static int open_context(martlet_video_decoder *decoder) {
    avcodec_free_context(&decoder->context);
    decoder->has_size = 0;
    AVCodecContext *context = decoder->context = avcodec_alloc_context3(decoder->codec);
    if (!context) return MARTLET_CODEC_NO_MEMORY;
    martlet_silence(context);
    context->thread_count = decoder->threads;
    context->thread_type = FF_THREAD_SLICE;  // threads by frame would keep pictures back
    context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context->max_pixels = decoder->pixels_max;
    int error = avcodec_open2(context, decoder->codec, NULL);
    if (error < 0) avcodec_free_context(&decoder->context);
    return martlet_status(error);
}

martlet_video_decoder *martlet_video_decoder_new(int codec, int64_t pixels_max, int threads, int *status) {
    const AVCodec *found = find(codec);
    if (!found) {
        *status = MARTLET_CODEC_NOT_IN_BUILD;
        return NULL;
    }
    *status = MARTLET_CODEC_NO_MEMORY;
    martlet_video_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->codec = found;
    decoder->pixels_max = pixels_max;
    decoder->threads = threads;
    decoder->packet = av_packet_alloc();
    decoder->incoming = av_frame_alloc();
    decoder->picture = av_frame_alloc();
    if (decoder->packet && decoder->incoming && decoder->picture) {
        *status = open_context(decoder);
        if (*status >= 0) return decoder;
    }
    martlet_video_decoder_free(decoder);
    return NULL;
}

void martlet_video_decoder_free(martlet_video_decoder *decoder) {
    avcodec_free_context(&decoder->context);
    av_packet_free(&decoder->packet);
    av_frame_free(&decoder->incoming);
    av_frame_free(&decoder->picture);
    sws_freeContext(decoder->scaler);
    free(decoder);
}

int martlet_video_decoder_decode(martlet_video_decoder *decoder, const uint8_t *bytes, int count,
                                 int64_t timestamp, martlet_picture_info *info) {
    if (count <= 0) return MARTLET_CODEC_DAMAGED;  // an empty packet would end the stream
    if (!decoder->context) {
        int opened = open_context(decoder);
        if (opened < 0) return opened;
    }
    // A packet without a buffer of its own is copied by libavcodec, with the padding its readers need.
    decoder->packet->data = (uint8_t *)bytes;
    decoder->packet->size = count;
    decoder->packet->pts = timestamp;
    int sent = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    // Behind an error there may be more, which would else come out with the next packet. Each turn takes a part of what was
    // sent, and there are a few at most; the bound is for what nobody has thought of.
    int is_there = 0, failed = 0;
    for (int turn = 0; turn < 64; turn++) {
        int received = avcodec_receive_frame(decoder->context, decoder->incoming);
        if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) break;
        if (received < 0) {
            failed = received;
            continue;
        }
        if (decoder->incoming->width <= 0 || decoder->incoming->height <= 0) continue;
        av_frame_unref(decoder->picture);
        av_frame_move_ref(decoder->picture, decoder->incoming);
        is_there = 1;
    }
    if (decoder->context->width > 0) {
        decoder->has_size = 1;
    } else if (decoder->has_size) {
        // FFmpeg 5.1's VP9 decoder forgets its size for a picture that is too large, and then refuses all of the former
        // size for ever.
        int opened = open_context(decoder);
        if (opened < 0) return opened;
    }
    if (is_there) {
        AVFrame *picture = decoder->picture;
        info->width = picture->width;
        info->height = picture->height;
        info->is_damaged = (picture->flags & AV_FRAME_FLAG_CORRUPT) || picture->decode_error_flags;
        info->timestamp = picture->pts == AV_NOPTS_VALUE ? timestamp : picture->pts;
        return 1;
    }
    if (sent < 0) return martlet_input_status(sent);
    return martlet_input_status(failed);
}

// What libswscale would warn of: the formats with a J are the others with the full range.
static enum AVPixelFormat plain_format(enum AVPixelFormat format, int *is_full_range) {
    switch (format) {
        case AV_PIX_FMT_YUVJ420P: *is_full_range = 1; return AV_PIX_FMT_YUV420P;
        case AV_PIX_FMT_YUVJ422P: *is_full_range = 1; return AV_PIX_FMT_YUV422P;
        case AV_PIX_FMT_YUVJ444P: *is_full_range = 1; return AV_PIX_FMT_YUV444P;
        case AV_PIX_FMT_YUVJ440P: *is_full_range = 1; return AV_PIX_FMT_YUV440P;
        default: return format;
    }
}

int martlet_video_decoder_copy(martlet_video_decoder *decoder, martlet_planes to) {
    AVFrame *picture = decoder->picture;
    if (!picture->data[0] || picture->width != to.width || picture->height != to.height)
        return MARTLET_CODEC_REFUSED;
    uint8_t *planes[4] = {to.y, to.u, to.v, NULL};
    int strides[4] = {to.y_stride, to.c_stride, to.c_stride, 0};
    int is_full_range = picture->color_range == AVCOL_RANGE_JPEG;
    enum AVPixelFormat format = plain_format(picture->format, &is_full_range);
    if (format == AV_PIX_FMT_YUV420P && !is_full_range) {
        av_image_copy(planes, strides, (const uint8_t **)picture->data, picture->linesize, format, to.width,
                      to.height);
        return 0;
    }
    decoder->scaler = sws_getCachedContext(decoder->scaler, to.width, to.height, format, to.width, to.height,
                                           AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!decoder->scaler) return MARTLET_CODEC_FAILED;
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(decoder->scaler, matrix, is_full_range, matrix, 0, 0, 1 << 16, 1 << 16);
    int rows = sws_scale(decoder->scaler, (const uint8_t *const *)picture->data, picture->linesize, 0,
                         to.height, planes, strides);
    return rows < 0 ? martlet_status(rows) : 0;
}

void martlet_video_decoder_flush(martlet_video_decoder *decoder) {
    av_frame_unref(decoder->picture);
    if (!decoder->context) return;
    // A stream of H.264 that said its pictures are reordered would leave those of the next one late by as many.
    if (decoder->context->has_b_frames > 0)
        open_context(decoder);
    else
        avcodec_flush_buffers(decoder->context);
}
