using System.Management.Automation;

namespace LettaPS.ImportProbe;

/// <summary>The only cmdlet of the smallest module with something to compile against: what PowerShell itself needs for a module of cmdlets and views.</summary>
[Cmdlet(VerbsCommon.Get, "Nothing")]
public sealed class GetNothingCommand : PSCmdlet;
