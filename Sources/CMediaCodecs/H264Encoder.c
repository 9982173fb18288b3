// H.264 of the constrained baseline profile as calls need it, over libavcodec's libx264.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/opt.h>
#include <stdlib.h>

#include "Status.h"
#include "VideoEncoder.h"

struct x264_face {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    int frame_rate;  // what the encoder was opened with
    int64_t frame_number;
};

// Sets the rate that holds with the next picture: libavcodec compares these three with what the encoder has.
static void set_bits(x264_face *encoder, int64_t bits_per_second) {
    if (bits_per_second > 1000000000) bits_per_second = 1000000000;
    encoder->context->bit_rate = bits_per_second;
    encoder->context->rc_max_rate = bits_per_second;
    encoder->context->rc_buffer_size = (int)(bits_per_second / 2);  // half a second
}

static int open_encoder(x264_face *encoder, const AVCodec *codec, martlet_video_settings settings) {
    AVCodecContext *context = encoder->context;
    martlet_silence(context);
    context->width = settings.width;
    context->height = settings.height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = (AVRational){1, settings.frame_rate};
    context->framerate = (AVRational){settings.frame_rate, 1};
    context->gop_size = 1 << 30;  // x264's infinity: keyframes come when they are asked for
    context->max_b_frames = 0;
    context->thread_count = settings.threads;
    context->profile = FF_PROFILE_H264_CONSTRAINED_BASELINE;
    // Level 3.1 is what 42e01f promises; larger pictures say what they are.
    int64_t blocks = ((settings.width + 15) / 16) * (int64_t)((settings.height + 15) / 16);
    if (blocks <= 3600 && blocks * settings.frame_rate <= 108000) context->level = 31;
    set_bits(encoder, settings.bits_per_second);
    static const char *const options[][2] = {
        {"preset", "veryfast"}, {"tune", "zerolatency"}, {"profile", "baseline"},
        {"forced-idr", "1"},    {"sc_threshold", "0"},
    };
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        int error = av_opt_set(context->priv_data, options[i][0], options[i][1], 0);
        if (error < 0) return error;
    }
    return avcodec_open2(context, codec, NULL);
}

x264_face *x264_face_new(martlet_video_settings settings, int *status) {
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec) {
        *status = MARTLET_CODEC_NOT_IN_BUILD;
        return NULL;
    }
    *status = MARTLET_CODEC_NO_MEMORY;
    x264_face *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    encoder->context = avcodec_alloc_context3(codec);
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    encoder->frame_rate = settings.frame_rate;
    if (encoder->context && encoder->frame && encoder->packet) {
        *status = martlet_status(open_encoder(encoder, codec, settings));
        if (*status >= 0) return encoder;
    }
    x264_face_free(encoder);
    return NULL;
}

void x264_face_free(x264_face *encoder) {
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    free(encoder);
}

int x264_face_set_rate(x264_face *encoder, int bits_per_second, int frame_rate) {
    // Without delay x264 counts pictures, not time: fewer of them a second may each have more.
    set_bits(encoder, (int64_t)bits_per_second * encoder->frame_rate / frame_rate);
    return 0;
}

int x264_face_encode(x264_face *encoder, martlet_const_planes from, int is_keyframe_wanted, martlet_encoded *out) {
    av_packet_unref(encoder->packet);
    AVFrame *frame = encoder->frame;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = from.width;
    frame->height = from.height;
    frame->pts = encoder->frame_number++;
    frame->pict_type = is_keyframe_wanted ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    // A frame without a buffer of its own is copied before the call returns.
    frame->data[0] = (uint8_t *)from.y;
    frame->data[1] = (uint8_t *)from.u;
    frame->data[2] = (uint8_t *)from.v;
    frame->linesize[0] = from.y_stride;
    frame->linesize[1] = frame->linesize[2] = from.c_stride;
    int error = avcodec_send_frame(encoder->context, frame);
    av_frame_unref(frame);
    if (error < 0) return martlet_status(error);
    error = avcodec_receive_packet(encoder->context, encoder->packet);
    if (error == AVERROR(EAGAIN)) return 0;
    if (error < 0) return martlet_status(error);
    out->bytes = encoder->packet->data;
    out->count = encoder->packet->size;
    out->is_keyframe = (encoder->packet->flags & AV_PKT_FLAG_KEY) != 0;
    return 1;
}
