#pragma once

#include <google/protobuf/message.h>

namespace stele::inline v0::detail {

/// Throws stele::error (invalid_argument), naming message and field, if Protobuf would write the message and then
/// refuse to read it: a text field, at any depth, is not UTF-8, or messages are nested deeper than its parser goes.
void check_readable(const google::protobuf::Message& message);

}  // namespace stele::inline v0::detail
