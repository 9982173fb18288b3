// Packets of any codec into I420 pictures and sound of 48 kHz, over libavcodec, libswscale and libswresample.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdlib.h>

#include "Files.h"

enum { RATE = 48000, SIDE_MAX = 16384, CHANNELS_MAX = 64 };

struct martlet_file_decoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVFrame *picture;  // of other layouts: the picture in I420
    struct SwsContext *scaler;
    SwrContext *resampler;  // from the three below
    AVChannelLayout layout;
    int format, rate;
    int channels;
    int16_t *samples;
    int samples_capacity;  // of each channel
    int64_t next;          // when sound that waits in the resampler goes on
    int is_at_end;
};

martlet_file_decoder *martlet_file_decoder_new(const martlet_file_parameters *parameters, int64_t pixels_max, int threads,
                                               int *status) {
    martlet_file_silence();
    const AVCodecParameters *from = parameters->parameters;
    const AVCodec *codec = avcodec_find_decoder(from->codec_id);
    // FFmpeg's own decoder of AV1 works with hardware alone.
    if (from->codec_id == AV_CODEC_ID_AV1) {
        codec = avcodec_find_decoder_by_name("libdav1d");
        if (!codec) codec = avcodec_find_decoder_by_name("libaom-av1");
    }
    if (!codec) {
        *status = MARTLET_FILE_NOT_IN_BUILD;
        return NULL;
    }
    *status = MARTLET_FILE_NO_MEMORY;
    martlet_file_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->context = avcodec_alloc_context3(codec);
    decoder->frame = av_frame_alloc();
    decoder->picture = av_frame_alloc();
    if (decoder->context && decoder->frame && decoder->picture) {
        AVCodecContext *context = decoder->context;
        int error = avcodec_parameters_to_context(context, from);
        context->log_level_offset = 190;
        context->pkt_timebase = (AVRational){1, 1000000000};
        context->max_pixels = pixels_max;
        context->thread_count = threads;
        if (error >= 0) error = avcodec_open2(context, codec, NULL);
        *status = martlet_file_status(error);
        if (error >= 0) return decoder;
    }
    martlet_file_decoder_free(decoder);
    return NULL;
}

void martlet_file_decoder_free(martlet_file_decoder *decoder) {
    avcodec_free_context(&decoder->context);
    av_frame_free(&decoder->frame);
    av_frame_free(&decoder->picture);
    sws_freeContext(decoder->scaler);
    swr_free(&decoder->resampler);
    av_channel_layout_uninit(&decoder->layout);
    free(decoder->samples);
    free(decoder);
}

int martlet_file_decoder_send(martlet_file_decoder *decoder, const martlet_file_packet *packet) {
    int error = avcodec_send_packet(decoder->context, packet ? packet->packet : NULL);
    if (error == AVERROR_EOF && !packet) return 0;
    if (error < 0) return error == AVERROR(ENOMEM) ? MARTLET_FILE_NO_MEMORY : MARTLET_FILE_NOT_MEDIA;
    return 0;
}

void martlet_file_decoder_flush(martlet_file_decoder *decoder) {
    avcodec_flush_buffers(decoder->context);
    swr_free(&decoder->resampler);
    decoder->is_at_end = 0;
}

// The next frame: 1, 0 if there is none yet or no more. Behind an error there may be another, of which there are a few at most.
static int receive(martlet_file_decoder *decoder) {
    int failed = 0;
    for (int turn = 0; turn < 64; turn++) {
        int error = avcodec_receive_frame(decoder->context, decoder->frame);
        if (error >= 0) return 1;
        if (error == AVERROR_EOF) decoder->is_at_end = 1;
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) break;
        failed = error;
    }
    if (failed == 0) return 0;
    return failed == AVERROR(ENOMEM) ? MARTLET_FILE_NO_MEMORY : MARTLET_FILE_NOT_MEDIA;
}

static int64_t time_of(const AVFrame *frame, int64_t otherwise) {
    int64_t time = frame->best_effort_timestamp;
    if (time == AV_NOPTS_VALUE) time = frame->pts;
    return time == AV_NOPTS_VALUE ? otherwise : time;
}

// What libswscale would warn of: the formats with a J are the others with the full range.
static enum AVPixelFormat plain_format(enum AVPixelFormat format, int *is_full_range) {
    switch (format) {
        case AV_PIX_FMT_YUVJ420P: *is_full_range = 1; return AV_PIX_FMT_YUV420P;
        case AV_PIX_FMT_YUVJ411P: *is_full_range = 1; return AV_PIX_FMT_YUV411P;
        case AV_PIX_FMT_YUVJ422P: *is_full_range = 1; return AV_PIX_FMT_YUV422P;
        case AV_PIX_FMT_YUVJ444P: *is_full_range = 1; return AV_PIX_FMT_YUV444P;
        case AV_PIX_FMT_YUVJ440P: *is_full_range = 1; return AV_PIX_FMT_YUV440P;
        default: return format;
    }
}

// Makes I420 of the frame, in `picture`.
static int convert(martlet_file_decoder *decoder, enum AVPixelFormat format, int is_full_range) {
    AVFrame *from = decoder->frame, *to = decoder->picture;
    const AVPixFmtDescriptor *described = av_pix_fmt_desc_get(format);
    if (!described || described->flags & AV_PIX_FMT_FLAG_HWACCEL) return MARTLET_FILE_NOT_MEDIA;
    if (!to->data[0] || to->width != from->width || to->height != from->height) {
        av_frame_unref(to);
        to->format = AV_PIX_FMT_YUV420P;
        to->width = from->width;
        to->height = from->height;
        if (av_frame_get_buffer(to, 0) < 0) return MARTLET_FILE_NO_MEMORY;
    }
    decoder->scaler = sws_getCachedContext(decoder->scaler, from->width, from->height, format, to->width, to->height,
                                           AV_PIX_FMT_YUV420P, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!decoder->scaler) return MARTLET_FILE_NOT_MEDIA;
    const int *matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    int is_rgb = (described->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    sws_setColorspaceDetails(decoder->scaler, matrix, is_full_range || is_rgb, matrix, 0, 0, 1 << 16, 1 << 16);
    int rows = sws_scale(decoder->scaler, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data,
                         to->linesize);
    return rows < 0 ? MARTLET_FILE_NOT_MEDIA : 0;
}

int martlet_file_decoder_picture(martlet_file_decoder *decoder, martlet_file_picture *picture) {
    int status = receive(decoder);
    if (status <= 0) return status;
    AVFrame *frame = decoder->frame;
    if (frame->width <= 0 || frame->height <= 0 || frame->width > SIDE_MAX || frame->height > SIDE_MAX)
        return MARTLET_FILE_NOT_MEDIA;
    int is_full_range = frame->color_range == AVCOL_RANGE_JPEG;
    enum AVPixelFormat format = plain_format(frame->format, &is_full_range);
    const AVFrame *shown = frame;
    // Rows may also run upward in memory.
    if (format != AV_PIX_FMT_YUV420P || is_full_range || frame->linesize[0] < frame->width ||
        frame->linesize[1] < (frame->width + 1) / 2 || frame->linesize[2] != frame->linesize[1]) {
        status = convert(decoder, format, is_full_range);
        if (status < 0) return status;
        shown = decoder->picture;
    }
    *picture = (martlet_file_picture){
        .y = shown->data[0],
        .u = shown->data[1],
        .v = shown->data[2],
        .y_stride = shown->linesize[0],
        .c_stride = shown->linesize[1],
        .width = frame->width,
        .height = frame->height,
        .time = time_of(frame, decoder->next),
    };
    decoder->next = picture->time;
    return 1;
}

// Makes the resampler fit the frame.
static int open_resampler(martlet_file_decoder *decoder, int channels) {
    AVFrame *frame = decoder->frame;
    if (decoder->resampler && decoder->format == frame->format && decoder->rate == frame->sample_rate &&
        decoder->channels == channels && !av_channel_layout_compare(&decoder->layout, &frame->ch_layout))
        return 0;
    swr_free(&decoder->resampler);
    int count = frame->ch_layout.nb_channels;
    if (count < 1 || count > CHANNELS_MAX || frame->sample_rate < 1) return MARTLET_FILE_NOT_MEDIA;
    if (av_channel_layout_copy(&decoder->layout, &frame->ch_layout) < 0) return MARTLET_FILE_NO_MEMORY;
    decoder->format = frame->format;
    decoder->rate = frame->sample_rate;
    decoder->channels = channels;
    AVChannelLayout in = {0}, out = {0};
    // Channels of which the file does not say where they stand.
    if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&in, count);
    else if (av_channel_layout_copy(&in, &frame->ch_layout) < 0)
        return MARTLET_FILE_NO_MEMORY;
    av_channel_layout_default(&out, channels);
    int error = swr_alloc_set_opts2(&decoder->resampler, &out, AV_SAMPLE_FMT_S16, RATE, &in, frame->format,
                                    frame->sample_rate, 0, NULL);
    if (error >= 0) {
        av_opt_set_int(decoder->resampler, "log_level_offset", 190, 0);
        // As loud as it was, as MediaCodecs has it.
        static const double to_both[2] = {1, 1}, to_one[2] = {0.5, 0.5};
        if (count == 1 && channels == 2) error = swr_set_matrix(decoder->resampler, to_both, 1);
        if (count == 2 && channels == 1) error = swr_set_matrix(decoder->resampler, to_one, 2);
        if (error >= 0) error = swr_init(decoder->resampler);
    }
    av_channel_layout_uninit(&in);
    if (error >= 0) return 0;
    swr_free(&decoder->resampler);
    return error == AVERROR(ENOMEM) ? MARTLET_FILE_NO_MEMORY : MARTLET_FILE_NOT_MEDIA;
}

// Converts the frame, or with NULL what waits.
static int resample(martlet_file_decoder *decoder, const AVFrame *frame, martlet_file_sound *sound) {
    int capacity = swr_get_out_samples(decoder->resampler, frame ? frame->nb_samples : 0);
    if (capacity < 0) return MARTLET_FILE_NOT_MEDIA;
    if (capacity > decoder->samples_capacity) {
        int16_t *grown = realloc(decoder->samples, (size_t)capacity * (size_t)decoder->channels * sizeof *grown);
        if (!grown) return MARTLET_FILE_NO_MEMORY;
        decoder->samples = grown;
        decoder->samples_capacity = capacity;
    }
    uint8_t *out[1] = {(uint8_t *)decoder->samples};
    int written = swr_convert(decoder->resampler, out, capacity, frame ? (const uint8_t **)frame->extended_data : NULL,
                              frame ? frame->nb_samples : 0);
    if (written < 0) return MARTLET_FILE_NOT_MEDIA;
    sound->samples = decoder->samples;
    sound->sample_count = written;
    return written > 0;
}

int martlet_file_decoder_sound(martlet_file_decoder *decoder, int channels, martlet_file_sound *sound) {
    for (int turn = 0; turn < 64; turn++) {
        int status = receive(decoder);
        if (status < 0) return status;
        if (status == 0) {
            if (!decoder->is_at_end || !decoder->resampler) return 0;
            sound->time = decoder->next;
            status = resample(decoder, NULL, sound);
            swr_free(&decoder->resampler);
            return status;
        }
        AVFrame *frame = decoder->frame;
        if (frame->nb_samples <= 0) continue;
        if (channels != decoder->channels) decoder->samples_capacity = 0;
        status = open_resampler(decoder, channels);
        if (status < 0) return status;
        // What waits inside is older than the frame.
        int64_t time = time_of(frame, decoder->next + swr_get_delay(decoder->resampler, 1000000000));
        sound->time = time - swr_get_delay(decoder->resampler, 1000000000);
        status = resample(decoder, frame, sound);
        if (status < 0) return status;
        decoder->next = sound->time + av_rescale(sound->sample_count, 1000000000, RATE);
        if (status > 0) return 1;
    }
    return 0;
}
