//===- Gunzip.cpp - Bounded decompression ---------------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// zlib's inflate in its gzip mode, which checks the CRC and the length at the
// end of each member.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Gunzip.h"

#include <algorithm>
#include <zlib.h>

using namespace modc;

struct Gunzip::State {
  z_stream zlib = {};
  bool ready = false;
  const uint8_t *next;
  size_t left;
  /// The last member's end has been seen and verified.
  bool ended = false;
};

bool modc::isGzip(const uint8_t *bytes, size_t size) {
  return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Gunzip::Gunzip(const uint8_t *bytes, size_t size)
    : state(std::make_unique<State>()) {
  state->next = bytes;
  state->left = size;
  // 15 bits of window, + 16 for gzip's framing.
  state->ready = ::inflateInit2(&state->zlib, 15 + 16) == Z_OK;
}

Gunzip::~Gunzip() {
  if (state->ready)
    ::inflateEnd(&state->zlib);
}

uint64_t Gunzip::mostFrom(size_t compressed) {
  // DEFLATE codes at most 258 bytes by two bits: less than 1032 to one.
  return uint64_t(compressed) * 1032;
}

Result<size_t> Gunzip::read(uint8_t *out, size_t size) {
  if (!state->ready)
    return Error("cannot start decompression: no memory");
  z_stream &zlib = state->zlib;
  size_t done = 0;
  while (done < size && !state->ended) {
    // zlib counts in 32 bits.
    constexpr size_t most = size_t(1) << 30;
    size_t input = std::min(state->left, most);
    size_t room = std::min(size - done, most);
    zlib.next_in = const_cast<Bytef *>(state->next);
    zlib.avail_in = static_cast<uInt>(input);
    zlib.next_out = out + done;
    zlib.avail_out = static_cast<uInt>(room);
    int code = ::inflate(&zlib, Z_NO_FLUSH);
    size_t consumed = input - zlib.avail_in;
    size_t produced = room - zlib.avail_out;
    state->next += consumed;
    state->left -= consumed;
    done += produced;
    if (code == Z_STREAM_END) {
      if (state->left == 0)
        state->ended = true;
      else if (!isGzip(state->next, state->left))
        return makeError("gzip data is followed by ", state->left,
                         " other bytes");
      else
        ::inflateReset(&zlib);
    } else if (code == Z_BUF_ERROR) {
      return Error("gzip data is cut short");
    } else if (code != Z_OK) {
      return makeError("gzip data is damaged: ",
                       zlib.msg ? zlib.msg : ::zError(code));
    }
  }
  return done;
}
