using System.Management.Automation;
using Npgsql;

namespace LettaPS.OtherModule;

/// <summary>Uses the Npgsql that this module ships, and gives its version.</summary>
[Cmdlet(VerbsCommon.Get, "OtherNpgsql")]
[OutputType(typeof(Version))]
public sealed class GetOtherNpgsqlCommand : PSCmdlet
{
    protected override void EndProcessing()
    {
        var connection = new NpgsqlConnectionStringBuilder { Host = "localhost", Multiplexing = true };
        WriteObject(connection.Multiplexing ? connection.GetType().Assembly.GetName().Version : null);
    }
}
