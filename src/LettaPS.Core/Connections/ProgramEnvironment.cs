using System.Globalization;

namespace LettaPS.Core.Connections;

/// <summary>How PostgreSQL's programs are told where a server is and as whom to connect.</summary>
internal static class ProgramEnvironment
{
    /// <summary>Whether a variable of this process must not reach a program, because it would lead the program elsewhere than Npgsql.</summary>
    /// <param name="name">Name of the variable.</param>
    public static bool IsForeign(string name) => name.StartsWith("PG", StringComparison.Ordinal) && name is not "PGPASSWORD";

    /// <summary>The variables for a server that the program reaches by its host and port.</summary>
    /// <param name="address">The server.</param>
    /// <param name="options">What <see cref="ConnectionOption.Read"/> gave for the address.</param>
    /// <param name="major">Major version of the server; <see langword="null"/> if a pooler answers, which takes no settings at the start of a session.</param>
    public static Dictionary<string, string> Of(DatabaseAddress address, IReadOnlyDictionary<string, string> options, int? major)
    {
        var variables = OfRole(address);
        variables["PGHOST"] = string.Join(',', address.Servers.Select(s => s.Host));
        variables["PGPORT"] = string.Join(',', address.Servers.Select(s => s.Port.ToString(CultureInfo.InvariantCulture)));
        foreach (var option in ConnectionOption.All.Where(o => o.Variable is not null))
        {
            if (options.TryGetValue(option.Name, out var value))
            {
                variables[option.Variable!] = value;
            }
        }

        if (major is { } version)
        {
            variables["PGOPTIONS"] = $"{options.GetValueOrDefault(ConnectionOption.ServerOptions)} {SessionSettings.ProgramOptions(version)}".Trim();
        }

        return variables;
    }

    /// <summary>The variables for a server that the program reaches by its Unix socket, where it is.</summary>
    /// <param name="address">The server.</param>
    /// <param name="major">Major version of the server.</param>
    public static Dictionary<string, string> OfSocket(DatabaseAddress address, int major)
    {
        var variables = OfRole(address);
        variables["PGPORT"] = address.Port.ToString(CultureInfo.InvariantCulture);
        variables["PGOPTIONS"] = SessionSettings.ProgramOptions(major);
        return variables;
    }

    private static Dictionary<string, string> OfRole(DatabaseAddress address)
    {
        // Messages are read and shown; an image may speak any language.
        var variables = new Dictionary<string, string> { ["PGUSER"] = address.User, ["LC_MESSAGES"] = "C" };
        if (address.RevealPassword() is { } password)
        {
            variables["PGPASSWORD"] = password;
        }

        return variables;
    }
}
