#pragma once

#include <stele/commands/middleware.hpp>

#include <string_view>
#include <vector>

/// The commands of a bus by name, for those that arrive as bytes.
namespace stele::inline v0::detail {

/// How one type of command is sent when its type is known only at run time.
struct command_entry {
    std::string_view type;  ///< Full name. Must live for ever; names of generated messages do.
    const google::protobuf::Message* prototype;
    command_result (*send)(void* bus, const google::protobuf::Message& command, const metadata& about,
                           const send_options& how);
};

/// Constant once made; any thread may use it.
class command_table {
public:
    explicit command_table(std::vector<command_entry> entries);

    /// Parses the bytes as the type that is named and sends the command. Throws as command_bus::dispatch does.
    command_result dispatch(void* bus, std::string_view type, std::string_view bytes, const metadata& about,
                            const send_options& how) const;

private:
    [[nodiscard]] const command_entry& find(std::string_view type) const;

    std::vector<command_entry> entries_;  // in the order of names
};

/// The few of `names` that somebody may have meant who wrote `wrong`, the nearest first.
std::vector<std::string_view> near_names(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace stele::inline v0::detail
