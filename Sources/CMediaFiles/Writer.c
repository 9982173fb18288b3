// Packets into files, over libavformat.
// SPDX-License-Identifier: Apache-2.0
#include <libavcodec/bsf.h>
#include <libavutil/channel_layout.h>
#include <stdlib.h>
#include <string.h>

#include "Files.h"

typedef struct {
    AVStream *stream;  // NULL: there is none
    int64_t last;      // the last packet's time in the stream's units
} martlet_written_track;

struct martlet_file_writer {
    AVFormatContext *format;
    AVPacket *packet;
    int container;
    martlet_written_track picture, sound;
    int has_head;
};

static const char *muxer_of(int container) {
    switch (container) {
        case MARTLET_CONTAINER_MP4: return "mp4";
        case MARTLET_CONTAINER_MATROSKA: return "matroska";
        case MARTLET_CONTAINER_WEBM: return "webm";
        case MARTLET_CONTAINER_WAV: return "wav";
        case MARTLET_CONTAINER_OGG: return "ogg";
        case MARTLET_CONTAINER_H264: return "h264";
        case MARTLET_CONTAINER_ADTS: return "adts";
        default: return NULL;
    }
}

static enum AVCodecID codec_id(int codec) {
    switch (codec) {
        case MARTLET_FILE_H264: return AV_CODEC_ID_H264;
        case MARTLET_FILE_VP8: return AV_CODEC_ID_VP8;
        case MARTLET_FILE_VP9: return AV_CODEC_ID_VP9;
        case MARTLET_FILE_AV1: return AV_CODEC_ID_AV1;
        case MARTLET_FILE_OPUS: return AV_CODEC_ID_OPUS;
        case MARTLET_FILE_AAC: return AV_CODEC_ID_AAC;
        case MARTLET_FILE_PCM: return AV_CODEC_ID_PCM_S16LE;
        default: return AV_CODEC_ID_NONE;
    }
}

martlet_file_writer *martlet_file_writer_new(const char *path, int container, int *status, char *text) {
    martlet_file_silence();
    *status = MARTLET_FILE_NO_MEMORY;
    martlet_file_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return NULL;
    writer->container = container;
    writer->packet = av_packet_alloc();
    const char *muxer = muxer_of(container);
    int error = AVERROR(ENOMEM);
    if (writer->packet) error = avformat_alloc_output_context2(&writer->format, NULL, muxer, path);
    if (error >= 0) {
        // A killed recording has all but the last moments.
        writer->format->flags |= AVFMT_FLAG_FLUSH_PACKETS | AVFMT_FLAG_BITEXACT;
        writer->format->max_interleave_delta = 2000000;
        AVDictionary *options = NULL;
        error = av_dict_set(&options, "protocol_whitelist", "file", 0);
        if (error >= 0) error = avio_open2(&writer->format->pb, path, AVIO_FLAG_WRITE, NULL, &options);
        av_dict_free(&options);
    }
    if (error >= 0) return writer;
    *status = martlet_file_explain(error, text);
    martlet_file_writer_free(writer);
    return NULL;
}

void martlet_file_writer_free(martlet_file_writer *writer) {
    if (writer->format) {
        avio_closep(&writer->format->pb);
        avformat_free_context(writer->format);
    }
    av_packet_free(&writer->packet);
    free(writer);
}

static int add(martlet_file_writer *writer, martlet_file_track track, martlet_written_track *made) {
    if (track.codec == MARTLET_FILE_OTHER) return 0;
    AVStream *stream = avformat_new_stream(writer->format, NULL);
    if (!stream) return AVERROR(ENOMEM);
    AVCodecParameters *parameters = stream->codecpar;
    parameters->codec_id = codec_id(track.codec);
    if (track.rate > 0) {
        parameters->codec_type = AVMEDIA_TYPE_AUDIO;
        parameters->sample_rate = track.rate;
        av_channel_layout_default(&parameters->ch_layout, track.channels);
        parameters->format = AV_SAMPLE_FMT_S16;
        if (track.codec == MARTLET_FILE_AAC) parameters->frame_size = 1024;
        if (track.codec == MARTLET_FILE_PCM) {
            parameters->bits_per_coded_sample = 16;
            parameters->block_align = 2 * track.channels;
        }
        stream->time_base = (AVRational){1, track.rate};
    } else {
        parameters->codec_type = AVMEDIA_TYPE_VIDEO;
        parameters->width = track.width;
        parameters->height = track.height;
        parameters->format = AV_PIX_FMT_YUV420P;
        stream->time_base = (AVRational){1, 90000};
        // Parameter sets stay in the samples, so that sizes may change: that is what this name says (ISO/IEC 14496-15 §5.3.2).
        if (writer->container == MARTLET_CONTAINER_MP4) parameters->codec_tag = MKTAG('a', 'v', 'c', '3');
    }
    if (track.setup_count > 0) {
        parameters->extradata = av_mallocz((size_t)track.setup_count + AV_INPUT_BUFFER_PADDING_SIZE);
        if (!parameters->extradata) return AVERROR(ENOMEM);
        memcpy(parameters->extradata, track.setup, (size_t)track.setup_count);
        parameters->extradata_size = track.setup_count;
    }
    made->stream = stream;
    made->last = INT64_MIN;
    return 0;
}

int martlet_file_writer_begin(martlet_file_writer *writer, martlet_file_track picture, martlet_file_track sound,
                              char *text) {
    int error = add(writer, picture, &writer->picture);
    if (error >= 0) error = add(writer, sound, &writer->sound);
    AVDictionary *options = NULL;
    if (writer->container == MARTLET_CONTAINER_MP4) {
        // Without keyframes a fragment would grow for ever. Each track begins at its own time, also if that is not 0.
        static const char flags[] = "frag_keyframe+empty_moov+default_base_moof+frag_discont";
        if (error >= 0) error = av_dict_set(&options, "movflags", flags, 0);
        if (error >= 0) error = av_dict_set(&options, "frag_duration", "2000000", 0);
    }
    if (writer->container == MARTLET_CONTAINER_MATROSKA || writer->container == MARTLET_CONTAINER_WEBM)
        if (error >= 0) error = av_dict_set(&options, "cluster_time_limit", "2000", 0);
    if (error >= 0) {
        writer->format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
        error = avformat_write_header(writer->format, &options);
    }
    av_dict_free(&options);
    if (error >= 0) writer->has_head = 1;
    return martlet_file_explain(error < 0 ? error : 0, text);
}

int martlet_file_writer_write(martlet_file_writer *writer, int is_picture, const uint8_t *bytes, int count, int64_t time,
                              int64_t duration, int is_keyframe, char *text) {
    martlet_written_track *track = is_picture ? &writer->picture : &writer->sound;
    if (!writer->has_head || !track->stream || count < 0) return MARTLET_FILE_REFUSED;
    AVPacket *packet = writer->packet;
    int error = av_new_packet(packet, count);
    if (error < 0) return martlet_file_explain(error, text);
    memcpy(packet->data, bytes, (size_t)count);
    AVRational nano = {1, 1000000000}, base = track->stream->time_base;
    int64_t units = av_rescale_q(time, nano, base);
    // Two that are nearer than the container can say.
    if (track->last != INT64_MIN && units <= track->last) units = track->last + 1;
    track->last = units;
    packet->stream_index = track->stream->index;
    packet->pts = packet->dts = units;
    packet->duration = av_rescale_q(duration, nano, base);
    if (is_keyframe) packet->flags |= AV_PKT_FLAG_KEY;
    error = av_interleaved_write_frame(writer->format, packet);
    if (error >= 0 && writer->format->pb && writer->format->pb->error < 0) error = writer->format->pb->error;
    av_packet_unref(packet);
    return martlet_file_explain(error < 0 ? error : 0, text);
}

int martlet_file_writer_finish(martlet_file_writer *writer, char *text) {
    int error = writer->has_head ? av_write_trailer(writer->format) : 0;
    int closed = avio_closep(&writer->format->pb);
    if (error >= 0) error = closed;
    return martlet_file_explain(error < 0 ? error : 0, text);
}

int martlet_file_setup(int codec, const uint8_t *bytes, int count, uint8_t *out, int capacity) {
    const AVBitStreamFilter *filter = av_bsf_get_by_name("extract_extradata");
    AVBSFContext *context = NULL;
    if (!filter) return MARTLET_FILE_NOT_IN_BUILD;
    AVPacket *packet = av_packet_alloc();
    int error = packet ? av_bsf_alloc(filter, &context) : AVERROR(ENOMEM);
    if (error >= 0) {
        context->par_in->codec_type = AVMEDIA_TYPE_VIDEO;
        context->par_in->codec_id = codec_id(codec);
        error = av_bsf_init(context);
    }
    if (error >= 0) error = av_new_packet(packet, count);
    if (error >= 0) {
        memcpy(packet->data, bytes, (size_t)count);
        error = av_bsf_send_packet(context, packet);
    }
    if (error >= 0) error = av_bsf_receive_packet(context, packet);
    int written = error < 0 ? martlet_file_status(error) : 0;
    size_t size = 0;
    const uint8_t *found = error < 0 ? NULL : av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    if (found && size <= (size_t)capacity) {
        memcpy(out, found, size);
        written = (int)size;
    }
    av_packet_free(&packet);
    av_bsf_free(&context);
    return written;
}
