#pragma once

#include <stele/eventstore/error.hpp>

#include <string>
#include <utility>

namespace stele::inline v0::detail {

/// An idempotency key that stands for another command: thrown as a stele::error (invalid_argument) whose message speaks
/// to whoever has made the key.
struct key_reused final : error {
    key_reused(const std::string& message, std::string before, std::string before_stream, std::string now,
               std::string now_stream)
        : error(error_kind::invalid_argument, message),
          command(std::move(before)),
          stream(std::move(before_stream)),
          next_command(std::move(now)),
          next_stream(std::move(now_stream)) {}

    std::string command, stream;            ///< What it was used for.
    std::string next_command, next_stream;  ///< What it was to be used for.
};

}  // namespace stele::inline v0::detail
